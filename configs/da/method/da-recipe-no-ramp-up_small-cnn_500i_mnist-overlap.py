# The recipe with the unsupervised terms at full weight from the start.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(ramp_up=0.0)))
