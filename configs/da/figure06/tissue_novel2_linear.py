# Figure 6, TissueMNIST without the adapter: 2 novel classes.
_base_ = 'tissue_novel2_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
