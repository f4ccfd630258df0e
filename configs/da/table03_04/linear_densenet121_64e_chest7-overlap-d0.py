# Table 3, column 1: CheXpert alone, its five classes (37,655 labels).
_base_ = 'linear_densenet121_64e_chest7-overlap.py'

classes = _base_.d0_classes
alone = dict(_delete_=True, classes=classes)
train_dataloader = dict(dataset=dict(_base_.train_d0, **alone))
val_dataloader = dict(dataset=dict(_base_.val_d0, **alone))
test_dataloader = dict(dataset=dict(_base_.test_d0, **alone))
model = dict(head=dict(classes=classes))
