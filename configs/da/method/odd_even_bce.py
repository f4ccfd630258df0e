# No class in common: a linear layer, BCE on annotated entries.
_base_ = 'odd_even_assemble.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
