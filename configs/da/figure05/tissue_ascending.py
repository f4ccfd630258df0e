# Figure 5, TissueMNIST: Thick Ascending Limb against the rest.
_base_ = '../table01/tissue_dct.py'

classes = ('Thick Ascending Limb',)
data = dict(dataset=dict(classes=classes))
train_dataloader = test_dataloader = data
val_dataloader = dict(dataset=dict(classes=classes, labeled_classes=classes))
test_evaluator = dict(classes_of_interest=classes)
model = dict(head=dict(classes=classes))
