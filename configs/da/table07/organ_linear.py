# Table 7, OrganAMNIST without the adapter.
_base_ = 'organ_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
