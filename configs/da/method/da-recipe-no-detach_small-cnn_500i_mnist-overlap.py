# The recipe with a gradient through the pseudo-label.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(detach_pseudo=False)))
