# The recipe without consistency on the strong view.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(consist_weight=0.0)))
