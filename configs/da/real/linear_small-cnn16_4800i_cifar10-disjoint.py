# CIFAR-10, disjoint labels: a linear layer, BCE on annotated entries.
_base_ = [
    '../../_base_/datasets/cifar10_small_disjoint.py',
    '../../_base_/models/linear_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_4800i.py',
    '../../_base_/keep_last_4800i_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
