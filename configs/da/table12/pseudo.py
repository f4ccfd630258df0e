# Table 12, + pseudo-labels, on a linear layer.
_base_ = 'pseudo_consist.py'

model = dict(head=dict(loss=dict(consist_weight=0.0)))
