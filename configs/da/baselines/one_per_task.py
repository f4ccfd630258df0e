# Table 12's sources, one binary network for each of the seven digits.
_base_ = '../table12/bce.py'

model = dict(type='MultiNetworkClassifier')
