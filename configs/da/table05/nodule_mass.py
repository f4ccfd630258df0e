# Table 5: Nodule + Mass.
_base_ = 'nodule.py'

classes = ('Nodule', 'Mass')
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
