# Table 1, CheXpert: only the five classes of interest are annotated.
_base_ = 'linear_densenet121_64e_chexpert-13way.py'

classes = _base_.classes_of_interest
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(classes=classes))
