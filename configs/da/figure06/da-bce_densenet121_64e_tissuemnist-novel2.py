# Figure 6, TissueMNIST with the adapter: 2 novel classes.
_base_ = 'linear_densenet121_64e_tissuemnist-novel2.py'

model = dict(head=dict(type='DynamicAdapterHead'))
