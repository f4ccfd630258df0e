# Table 2, CIFAR-10, D0 & D1: the paper's equations (250,000 labels).
_base_ = [
    'da-recipe_densenet121_64e_cifar10-disjoint.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
