# Figure 6, DermaMNIST without the adapter: 3 novel classes.
_base_ = 'da-bce_densenet121_64e_dermamnist-novel3.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
