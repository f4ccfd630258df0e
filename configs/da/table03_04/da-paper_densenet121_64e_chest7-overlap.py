# Tables 3 and 4, + adapter + pseudo + consist: the paper's equations (2) to
# (6).
_base_ = [
    'da-recipe_densenet121_64e_chest7-overlap.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
