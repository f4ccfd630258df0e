# Table 7, TissueMNIST without the adapter.
_base_ = 'tissue_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
