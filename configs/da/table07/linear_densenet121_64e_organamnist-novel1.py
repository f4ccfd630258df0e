# Table 7, OrganAMNIST without the adapter.
_base_ = 'da-bce_densenet121_64e_organamnist-novel1.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
