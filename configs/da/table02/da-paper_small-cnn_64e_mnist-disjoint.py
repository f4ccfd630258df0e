# Table 2, MNIST, D0 & D1: the paper's equations (3,000 labels).
_base_ = 'da-recipe_small-cnn_64e_mnist-disjoint.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(loss=loss))
