# Table 2, CIFAR-10, D0 & D1, with the recipe, which the paper does not have.
_base_ = [
    '../../_base_/datasets/cifar10_disjoint.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(to_rgb=False),  # the images are RGB
    head=dict(classes=_base_.classes),
)
