# Table 7, DermaMNIST without the adapter.
_base_ = 'da-bce_densenet121_64e_dermamnist-novel1.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
