# Table 12's sources: one network for each class.
_base_ = '../table12/linear_small-cnn_500i_mnist-overlap.py'

model = dict(type='MultiNetworkClassifier')
