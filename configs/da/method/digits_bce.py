# scikit-learn's digits: a linear layer, BCE on annotated entries.
_base_ = 'digits_assemble.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
