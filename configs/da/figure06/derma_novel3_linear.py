# Figure 6, DermaMNIST without the adapter: 3 novel classes.
_base_ = 'derma_novel3_adapter.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
