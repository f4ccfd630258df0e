# Table 5: Nodule is annotated in ChestX-ray14. Another row sets other
# `classes`.
_base_ = [
    '../../_base_/datasets/chestxray14.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = ('Nodule',)
data = dict(classes=classes)
train_dataloader = test_dataloader = dict(dataset=data)
# The class of interest chooses the checkpoint.
val_dataloader = dict(dataset=dict(data, labeled_classes=['Nodule']))
test_evaluator = dict(
    _delete_=True,
    type='PartialLabelAUC',
    intervals=True,
    bootstrap=1000,
    classes_of_interest=['Nodule'],
)
model = dict(head=dict(type='DynamicAdapterHead', classes=classes))
