# Figure 6, DermaMNIST with the adapter: 3 novel classes.
_base_ = 'linear_densenet121_64e_dermamnist-novel3.py'

model = dict(head=dict(type='DynamicAdapterHead'))
