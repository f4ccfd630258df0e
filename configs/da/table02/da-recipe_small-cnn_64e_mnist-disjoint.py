# Table 2, MNIST, D0 & D1: odd and even digits, none in common (3,000 labels).
_base_ = [
    '../../_base_/datasets/mnist_odd_even.py',
    '../../_base_/models/dynamic_adapter_small_cnn.py',
    '../../_base_/schedules/adam_cosine_64e.py',
    '../../_base_/keep_last_64e_runtime.py',
]

model = dict(head=dict(num_classes=len(_base_.digits), classes=_base_.digits))
