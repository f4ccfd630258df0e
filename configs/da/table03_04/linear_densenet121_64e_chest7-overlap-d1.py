# Table 4, column 1: ChestX-ray14 alone, its five classes (37,655 labels).
_base_ = 'linear_densenet121_64e_chest7-overlap.py'

classes = _base_.d1_classes
alone = dict(_delete_=True, classes=classes)
train_dataloader = dict(dataset=dict(_base_.train_d1, **alone))
val_dataloader = dict(dataset=dict(_base_.val_d1, **alone))
test_dataloader = dict(dataset=dict(_base_.test_d1, **alone))
model = dict(head=dict(classes=classes))
