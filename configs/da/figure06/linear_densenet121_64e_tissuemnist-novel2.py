# Figure 6, TissueMNIST without the adapter: 2 novel classes.
_base_ = 'da-bce_densenet121_64e_tissuemnist-novel2.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
