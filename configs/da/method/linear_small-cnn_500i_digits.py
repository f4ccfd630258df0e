# scikit-learn's digits: a linear layer, BCE on annotated entries.
_base_ = 'da-recipe_small-cnn_500i_digits.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
