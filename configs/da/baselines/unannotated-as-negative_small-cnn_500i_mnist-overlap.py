# Table 12's sources: a linear layer that takes unannotated for negative.
_base_ = '../table12/linear_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(loss=dict(type='UnannotatedAsNegativeLoss')))
