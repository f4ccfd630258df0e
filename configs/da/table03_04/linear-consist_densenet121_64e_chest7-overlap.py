# Tables 3 and 4, + consist: consistency on a linear layer.
_base_ = 'linear-pseudo-consist_densenet121_64e_chest7-overlap.py'

model = dict(head=dict(loss=dict(pseudo_weight=0.0)))
