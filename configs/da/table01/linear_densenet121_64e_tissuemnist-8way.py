# Table 1, TissueMNIST: distal convoluted tubule, all eight classes annotated.
_base_ = [
    '../../_base_/datasets/tissuemnist.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes_of_interest = ('Distal Convoluted Tubule',)
# The class of interest chooses the checkpoint.
val_dataloader = dict(dataset=dict(labeled_classes=classes_of_interest))
test_evaluator = dict(classes_of_interest=classes_of_interest)
model = dict(
    data_preprocessor=dict(mean=[127.5], std=[127.5], to_rgb=False),
    backbone=dict(in_channels=1),
    head=dict(classes=_base_.classes),
)
