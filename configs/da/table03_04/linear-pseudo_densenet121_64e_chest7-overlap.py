# Tables 3 and 4, + pseudo: pseudo-labels on a linear layer.
_base_ = 'linear-pseudo-consist_densenet121_64e_chest7-overlap.py'

model = dict(head=dict(loss=dict(consist_weight=0.0)))
