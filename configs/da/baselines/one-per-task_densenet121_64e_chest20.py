# ChestX-ray14 and CheXpert: one network for each class.
_base_ = 'linear_densenet121_64e_chest20.py'

model = dict(type='MultiNetworkClassifier')
