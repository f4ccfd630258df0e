# Tables 3 and 4, + consistency, on a linear layer.
_base_ = 'pseudo_consist.py'

model = dict(head=dict(loss=dict(pseudo_weight=0.0)))
