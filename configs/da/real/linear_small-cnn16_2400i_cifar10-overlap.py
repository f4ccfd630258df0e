# CIFAR-10, overlap labels: a linear layer, BCE on annotated entries.
_base_ = [
    '../../_base_/datasets/cifar10_small_overlap.py',
    '../../_base_/models/linear_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_2400i.py',
    '../../_base_/keep_last_2400i_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
