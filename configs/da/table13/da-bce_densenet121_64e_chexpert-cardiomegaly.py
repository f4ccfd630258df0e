# Table 13: Cardiomegaly is annotated in CheXpert. Another row sets other
# `classes`.
_base_ = [
    '../../_base_/datasets/chexpert.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = ('Cardiomegaly',)
# CheXpert's Pleural Effusion is not in the label space: nothing is renamed.
data = dict(classes=classes, aliases=dict(_delete_=True))
train_dataloader = test_dataloader = dict(dataset=data)
# The class of interest chooses the checkpoint.
val_dataloader = dict(dataset=dict(data, labeled_classes=['Cardiomegaly']))
test_evaluator = dict(
    _delete_=True,
    type='PartialLabelAUC',
    intervals=True,
    bootstrap=1000,
    classes_of_interest=['Cardiomegaly'],
)
model = dict(head=dict(type='DynamicAdapterHead', classes=classes))
