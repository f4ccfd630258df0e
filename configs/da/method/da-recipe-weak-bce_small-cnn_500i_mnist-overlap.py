# The recipe without labels on the strong view.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(strong_bce_weight=0.0)))
