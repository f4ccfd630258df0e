# Table 13: Cardiomegaly alone is annotated in CheXpert.
_base_ = [
    '../../_base_/datasets/chexpert.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = ('Cardiomegaly',)
# Pleural Effusion is not in the label space: nothing to rename.
data = dict(classes=classes, aliases=dict(_delete_=True))
train_dataloader = dict(dataset=data)
# The class of interest chooses the checkpoint, whatever else is annotated.
val_dataloader = dict(dataset=dict(data, labeled_classes=['Cardiomegaly']))
test_dataloader = dict(dataset=data)
test_evaluator = dict(
    _delete_=True,
    type='PartialLabelAUC',
    intervals=True,
    bootstrap=1000,
    classes_of_interest=['Cardiomegaly'],
)
# Every class of the label space is annotated in every image: BCE is all.
model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(num_classes=len(classes), classes=classes),
)
