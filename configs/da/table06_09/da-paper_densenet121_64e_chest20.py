# Tables 6 and 9, last row: the paper's equations (2) to (6).
_base_ = [
    '../chestxray_chexpert.py',
    '../../_base_/literal_equations.py',
]

model = dict(head=dict(loss=_base_.literal_equations))
