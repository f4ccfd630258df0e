# Tables 3 and 4, D0 & D1: a linear layer, BCE on annotated entries (75,310
# labels).
_base_ = [
    '../../_base_/datasets/chest7_overlap.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
