# The recipe without pseudo-labels on the weak view.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(pseudo_weight=0.0)))
