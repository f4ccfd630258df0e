# Table 7, CIFAR-10 without the adapter.
_base_ = 'cifar10_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
