# Table 5: Nodule + Fibrosis.
_base_ = 'nodule.py'

classes = ('Nodule', 'Fibrosis')
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(num_classes=len(classes), classes=classes))
