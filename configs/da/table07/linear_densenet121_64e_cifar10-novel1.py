# Table 7, CIFAR-10 without the adapter.
_base_ = 'da-bce_densenet121_64e_cifar10-novel1.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
