# The recipe with a linear layer in place of the adapter.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
