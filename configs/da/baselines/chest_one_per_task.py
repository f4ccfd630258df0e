# As chestxray_chexpert.py, one DenseNet121 for each of the 20 classes.
_base_ = 'chest_linear.py'

model = dict(type='MultiNetworkClassifier')
