# Table 7, TissueMNIST with the adapter.
_base_ = 'linear_densenet121_64e_tissuemnist-novel1.py'

model = dict(head=dict(type='DynamicAdapterHead'))
