# A linear layer, BCE on annotated entries of both views, nothing else.
_base_ = 'linear-recipe_small-cnn_500i_mnist-overlap.py'

loss = dict(pseudo_weight=0.0, consist_weight=0.0)
model = dict(head=dict(loss=loss))
