# Table 12, + adapter + pseudo + consist: the paper's equations (2) to (6).
_base_ = [
    'da-recipe_small-cnn_500i_mnist-overlap.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
