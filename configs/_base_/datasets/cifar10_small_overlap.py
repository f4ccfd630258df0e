# Each source annotates six of the ten classes. Both annotate deer and dog.
_base_ = 'cifar10_small.py'

d0_classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog']
d1_classes = ['deer', 'dog', 'frog', 'horse', 'ship', 'truck']
train_d0 = dict(_base_.d0, labeled_classes=d0_classes)
train_d1 = dict(_base_.d1, labeled_classes=d1_classes)
train_dataloader = dict(dataset=dict(datasets=[train_d0, train_d1]))
