# 1,000 chest X-rays: the paper's equations (2) to (6).
_base_ = [
    'da-recipe_small-cnn16_500i_nih64.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
