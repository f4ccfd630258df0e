# Table 8, CheXpert with the adapter.
_base_ = 'chexpert_linear.py'

model = dict(head=dict(type='DynamicAdapterHead'))
