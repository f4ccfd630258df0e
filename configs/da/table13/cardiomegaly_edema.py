# Table 13: Cardiomegaly + Edema.
_base_ = 'cardiomegaly.py'

classes = ('Cardiomegaly', 'Edema')
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
