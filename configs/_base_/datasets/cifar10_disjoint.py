# Table 2: one half of the images (D0) annotates the animals, the other half
# (D1) the means of transport. No class is annotated in both: 250,000 labels.
_base_ = 'cifar10.py'
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
