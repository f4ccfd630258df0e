# Table 5: Nodule alone is annotated in ChestX-ray14.
_base_ = [
    '../../_base_/datasets/chestxray14.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = ('Nodule',)
train_dataloader = dict(dataset=dict(classes=classes))
# The class of interest chooses the checkpoint, whatever else is annotated.
val_dataloader = dict(
    dataset=dict(classes=classes, labeled_classes=['Nodule'])
)
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = dict(
    _delete_=True,
    type='PartialLabelAUC',
    intervals=True,
    bootstrap=1000,
    classes_of_interest=['Nodule'],
)
# Every class is annotated in every image (but in nodule_18.py): BCE is all.
model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(num_classes=len(classes), classes=classes),
)
