# Figure 5, DermaMNIST: melanocytic nevi against the rest.
_base_ = '../table01/derma_melanoma.py'

classes = ('melanocytic nevi',)
data = dict(dataset=dict(classes=classes))
train_dataloader = test_dataloader = data
val_dataloader = dict(dataset=dict(classes=classes, labeled_classes=classes))
test_evaluator = dict(classes_of_interest=classes)
model = dict(head=dict(classes=classes))
