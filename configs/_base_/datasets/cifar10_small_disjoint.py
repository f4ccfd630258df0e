# Table 2 in small: D0 annotates the animals, D1 the means of transport. Both
# have images of all ten classes.
_base_ = 'cifar10_small.py'

d0_classes = ['bird', 'cat', 'deer', 'dog', 'frog', 'horse']
d1_classes = ['airplane', 'automobile', 'ship', 'truck']
train_d0 = dict(_base_.d0, labeled_classes=d0_classes)
train_d1 = dict(_base_.d1, labeled_classes=d1_classes)
train_dataloader = dict(dataset=dict(datasets=[train_d0, train_d1]))
