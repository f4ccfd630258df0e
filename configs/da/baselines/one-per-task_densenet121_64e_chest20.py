# As chestxray_chexpert.py, one DenseNet121 for each of the 20 classes.
_base_ = 'linear_densenet121_64e_chest20.py'

model = dict(type='MultiNetworkClassifier')
