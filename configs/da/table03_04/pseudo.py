# Tables 3 and 4, + pseudo-labels, on a linear layer.
_base_ = 'pseudo_consist.py'

model = dict(head=dict(loss=dict(consist_weight=0.0)))
