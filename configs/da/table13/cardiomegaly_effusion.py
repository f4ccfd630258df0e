# Table 13: Cardiomegaly + Effusion.
_base_ = 'cardiomegaly.py'

classes = ('Cardiomegaly', 'Effusion')
data = dict(dataset=dict(classes=classes, aliases=_base_.aliases))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
