# Figure 6, DermaMNIST without the adapter: 2 novel classes.
_base_ = 'derma_novel2_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
