# Table 5: Nodule + the 13 other diseases of ChestX-ray14.
_base_ = 'nodule.py'

classes = _base_.train.classes
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
