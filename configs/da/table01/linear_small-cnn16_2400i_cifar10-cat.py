# Table 1, CIFAR-10, in small: cat against the rest, on the same images.
_base_ = 'linear_small-cnn16_2400i_cifar10-10way.py'

classes = ['cat']
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(classes=classes))
