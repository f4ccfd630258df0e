# Table 2, CIFAR-10, D1, in small: means of transport alone.
_base_ = '../real/linear_small-cnn16_4800i_cifar10-disjoint.py'

classes = _base_.d1_classes
alone = dict(_base_.train_d1, _delete_=True, classes=classes)
train_dataloader = dict(dataset=alone)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(type='DynamicAdapterHead', classes=classes))
# One source has half the images of two.
param_scheduler = dict(T_max=2400)
train_cfg = dict(max_iters=2400, val_interval=2400)
default_hooks = dict(checkpoint=dict(interval=2400))
