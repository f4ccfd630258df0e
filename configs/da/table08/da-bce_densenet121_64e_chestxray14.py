# Table 8, ChestX-ray14 with the adapter.
_base_ = 'linear_densenet121_64e_chestxray14.py'

model = dict(head=dict(type='DynamicAdapterHead'))
