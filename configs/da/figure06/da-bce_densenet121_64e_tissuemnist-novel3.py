# Figure 6, TissueMNIST with the adapter: 3 novel classes.
_base_ = 'linear_densenet121_64e_tissuemnist-novel3.py'

model = dict(head=dict(type='DynamicAdapterHead'))
