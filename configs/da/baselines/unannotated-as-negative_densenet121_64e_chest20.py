# As chestxray_chexpert.py, a linear layer, unannotated taken for negative.
_base_ = 'linear_densenet121_64e_chest20.py'

model = dict(head=dict(loss=dict(type='UnannotatedAsNegativeLoss')))
