# The recipe with a linear layer in place of the adapter.
_base_ = '../table12/assemble.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
