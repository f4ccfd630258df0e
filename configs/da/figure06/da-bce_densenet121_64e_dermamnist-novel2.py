# Figure 6, DermaMNIST with the adapter: 2 novel classes.
_base_ = 'linear_densenet121_64e_dermamnist-novel2.py'

model = dict(head=dict(type='DynamicAdapterHead'))
