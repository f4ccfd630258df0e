# The strong view supervised, nothing else: a linear layer, BCE on both views.
_base_ = 'linear-recipe_small-cnn_500i_mnist-overlap.py'

loss = dict(pseudo_weight=0.0, consist_weight=0.0)
model = dict(head=dict(loss=loss))
