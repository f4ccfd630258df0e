# Table 2, CIFAR-10, D1: means of transport alone (100,000 labels).
_base_ = [
    '../../_base_/datasets/cifar10_disjoint.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = _base_.d1_classes
alone = dict(_base_.train_d1, _delete_=True, classes=classes)
train_dataloader = dict(dataset=alone)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
model = dict(
    data_preprocessor=dict(to_rgb=False),  # the images are RGB
    head=dict(type='DynamicAdapterHead', classes=classes),
)
