# ChestX-ray14 and CheXpert: a linear layer that takes unannotated for
# negative.
_base_ = 'linear_densenet121_64e_chest20.py'

model = dict(head=dict(loss=dict(type='UnannotatedAsNegativeLoss')))
