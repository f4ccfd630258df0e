# Table 2, MNIST, D0 & D1, with the recipe, which the paper does not have.
_base_ = [
    '../../_base_/datasets/mnist_disjoint.py',
    '../../_base_/models/dynamic_adapter_small_cnn.py',
    '../../_base_/schedules/adam_cosine_64e.py',
    '../../_base_/keep_last_64e_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
