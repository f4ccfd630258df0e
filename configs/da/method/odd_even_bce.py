# No class in common: a linear layer, BCE on annotated entries.
_base_ = '../table02/mnist_both.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
