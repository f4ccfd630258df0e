# Table 7, TissueMNIST without the adapter.
_base_ = 'da-bce_densenet121_64e_tissuemnist-novel1.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
