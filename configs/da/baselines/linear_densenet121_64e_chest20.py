# ChestX-ray14 and CheXpert: a linear layer, BCE on annotated entries.
_base_ = [
    '../../_base_/datasets/chest20.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
