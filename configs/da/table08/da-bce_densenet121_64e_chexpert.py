# Table 8, CheXpert with the adapter.
_base_ = 'linear_densenet121_64e_chexpert.py'

model = dict(head=dict(type='DynamicAdapterHead'))
