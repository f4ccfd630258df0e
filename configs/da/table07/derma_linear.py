# Table 7, DermaMNIST without the adapter.
_base_ = 'derma_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
