# The recipe with FixMatch's confidence threshold.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(confidence=0.95)))
