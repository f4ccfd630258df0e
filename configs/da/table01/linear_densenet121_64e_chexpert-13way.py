# Table 1, CheXpert: five classes of interest, all 13 classes annotated.
_base_ = [
    '../../_base_/datasets/chexpert.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes_of_interest = _base_.five_classes
# The classes of interest choose the checkpoint.
val_dataloader = dict(dataset=dict(labeled_classes=classes_of_interest))
test_evaluator = dict(
    _delete_=True,
    type='PartialLabelAUC',
    intervals=True,
    bootstrap=1000,
    classes_of_interest=classes_of_interest,
)
model = dict(head=dict(classes=_base_.classes))
