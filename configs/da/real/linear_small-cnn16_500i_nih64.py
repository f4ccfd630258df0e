# 1,000 chest X-rays, overlapping halves of the findings annotated: a linear
# layer, BCE on annotated entries.
_base_ = [
    '../../_base_/datasets/nih64.py',
    '../../_base_/models/linear_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
