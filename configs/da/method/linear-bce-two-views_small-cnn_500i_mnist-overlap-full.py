# Full labels on both views: the upper bound of BCE on two views.
_base_ = 'linear-bce-two-views_small-cnn_500i_mnist-overlap.py'

full_d0 = dict(_base_.train_d0, labeled_classes=_base_.classes)
full_d1 = dict(_base_.train_d1, labeled_classes=_base_.classes)
train_dataloader = dict(dataset=dict(datasets=[full_d0, full_d1]))
