# Table 12, D0 & D1: a linear layer, BCE on annotated entries (3,000 labels).
_base_ = 'da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
