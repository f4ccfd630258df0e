# Table 12's sources, a linear layer that takes unannotated for negative.
_base_ = '../table12/bce.py'

model = dict(head=dict(loss=dict(type='UnannotatedAsNegativeLoss')))
