# digits.py with the paper's equations (2) to (6).
_base_ = [
    '../digits.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
