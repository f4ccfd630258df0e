# The recipe with both views in one pass, which share batch statistics.
_base_ = '../table12/da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(type='ImageClassifier')
