# As chestxray_chexpert.py, a linear layer, unannotated taken for negative.
_base_ = 'chest_linear.py'

model = dict(head=dict(loss=dict(type='UnannotatedAsNegativeLoss')))
