# Table 7, CIFAR-10 with the adapter.
_base_ = 'linear_densenet121_64e_cifar10-novel1.py'

model = dict(head=dict(type='DynamicAdapterHead'))
