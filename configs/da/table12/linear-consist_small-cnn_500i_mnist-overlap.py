# Table 12, + consist: consistency on a linear layer.
_base_ = 'linear-pseudo-consist_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(pseudo_weight=0.0)))
