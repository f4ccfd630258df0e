# Table 7, DermaMNIST with the adapter.
_base_ = 'linear_densenet121_64e_dermamnist-novel1.py'

model = dict(head=dict(type='DynamicAdapterHead'))
