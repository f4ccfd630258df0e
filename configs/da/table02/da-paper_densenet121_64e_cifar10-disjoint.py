# Table 2, CIFAR-10, D0 & D1: the paper's equations (250,000 labels).
_base_ = 'da-recipe_densenet121_64e_cifar10-disjoint.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(loss=loss))
