# Odd and even digits with full labels in both sources, BCE.
_base_ = 'linear_small-cnn_500i_mnist-disjoint.py'

full_d0 = dict(_base_.train_d0, labeled_classes=_base_.digits)
full_d1 = dict(_base_.train_d1, labeled_classes=_base_.digits)
train_dataloader = dict(dataset=dict(datasets=[full_d0, full_d1]))
