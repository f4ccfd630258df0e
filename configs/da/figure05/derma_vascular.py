# Figure 5, DermaMNIST: vascular lesions against the rest.
_base_ = '../table01/derma_melanoma.py'

classes = ('vascular lesions',)
data = dict(dataset=dict(classes=classes))
train_dataloader = test_dataloader = data
val_dataloader = dict(dataset=dict(classes=classes, labeled_classes=classes))
test_evaluator = dict(classes_of_interest=classes)
model = dict(head=dict(classes=classes))
