# Table 7, CIFAR-10, in small, with the adapter.
_base_ = 'linear_small-cnn16_2400i_cifar10-novel1.py'

model = dict(head=dict(type='DynamicAdapterHead'))
