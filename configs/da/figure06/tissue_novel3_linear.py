# Figure 6, TissueMNIST without the adapter: 3 novel classes.
_base_ = 'tissue_novel3_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
