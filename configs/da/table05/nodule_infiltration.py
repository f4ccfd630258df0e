# Table 5: Nodule + Infiltration.
_base_ = 'nodule.py'

classes = ('Nodule', 'Infiltration')
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
