# NIH ChestX-ray14 alone, its 14 classes, tested on the official test images.
_base_ = 'chest20.py'

classes = _base_.classes[:14]  # the others are CheXpert's
train = dict(_base_.train_chestxray, classes=classes)
val = dict(_base_.val_chestxray, classes=classes)
test = dict(_base_.test_chestxray, classes=classes)

train_dataloader = dict(dataset=dict(_delete_=True, **train))
val_dataloader = dict(dataset=dict(_delete_=True, **val))
test_dataloader = dict(dataset=dict(_delete_=True, **test))
