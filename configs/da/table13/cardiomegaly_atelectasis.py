# Table 13: Cardiomegaly + Atelectasis.
_base_ = 'cardiomegaly.py'

classes = ('Cardiomegaly', 'Atelectasis')
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
