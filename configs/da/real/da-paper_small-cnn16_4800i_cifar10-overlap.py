# CIFAR-10, overlap labels: the paper's equations (2) to (6).
_base_ = [
    'da-recipe_small-cnn16_4800i_cifar10-overlap.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
