# Table 2, MNIST, D0 & D1: the paper's equations (3,000 labels).
_base_ = [
    'da-recipe_small-cnn_64e_mnist-disjoint.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
