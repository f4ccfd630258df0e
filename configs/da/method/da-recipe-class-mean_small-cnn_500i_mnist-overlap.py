# The recipe with every class of equal weight, however often it is annotated.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(normalize='class')))
