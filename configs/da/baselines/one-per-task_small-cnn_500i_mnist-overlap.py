# Table 12's sources, one binary network for each of the seven digits.
_base_ = '../table12/linear_small-cnn_500i_mnist-overlap.py'

model = dict(type='MultiNetworkClassifier')
