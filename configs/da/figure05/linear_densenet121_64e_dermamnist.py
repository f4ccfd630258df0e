# Figure 5, DermaMNIST: all classes are annotated, and all choose the
# checkpoint.
_base_ = '../table01/linear_densenet121_64e_dermamnist-7way.py'

val_dataloader = dict(dataset=dict(labeled_classes=None))
test_evaluator = dict(classes_of_interest=_base_.classes)
