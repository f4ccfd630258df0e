# Table 7, OrganAMNIST with the adapter.
_base_ = 'linear_densenet121_64e_organamnist-novel1.py'

model = dict(head=dict(type='DynamicAdapterHead'))
