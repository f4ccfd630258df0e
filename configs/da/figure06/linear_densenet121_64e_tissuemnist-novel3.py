# Figure 6, TissueMNIST without the adapter: 3 novel classes.
_base_ = 'da-bce_densenet121_64e_tissuemnist-novel3.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
