# Table 2, chest X-rays, D0 & D1: the paper's equations (52,717 labels).
_base_ = [
    'da-recipe_densenet121_64e_chest7-disjoint.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
