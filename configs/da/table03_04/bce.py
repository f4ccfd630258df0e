# Tables 3 and 4, column 2: a linear layer, BCE on annotated entries alone.
_base_ = 'assemble.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
