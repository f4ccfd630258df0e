# Table 13: Cardiomegaly + 11 diseases of CheXpert (its 13 classes without
# Support Devices, which are none).
_base_ = 'cardiomegaly.py'

classes = [c for c in _base_.train.classes if c != 'Support Devices']
data = dict(dataset=dict(classes=classes, aliases=_base_.aliases))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
