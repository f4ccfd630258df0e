# Table 2, CIFAR-10, D0 & D1: half of the images annotated for animals, the
# other half for means of transport (250,000 labels).
_base_ = [
    '../../_base_/datasets/cifar10.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]
seed = 0  # of the halves

d0_classes = ['bird', 'cat', 'deer', 'dog', 'frog', 'horse']
d1_classes = ['airplane', 'automobile', 'ship', 'truck']
train = dict(_base_.source, dataset=_base_.train_images, seed=seed)
train_d0 = dict(train, name='D0', labeled_classes=d0_classes, part=(0, 2))
train_d1 = dict(train, name='D1', labeled_classes=d1_classes, part=(1, 2))

train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ConcatDataset', datasets=[train_d0, train_d1]
    )
)
model = dict(
    data_preprocessor=dict(to_rgb=False),  # the images are RGB
    head=dict(num_classes=len(_base_.classes), classes=_base_.classes),
)
