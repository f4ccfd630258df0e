# Table 7, OrganAMNIST without the adapter: hearts are in the test only.
_base_ = [
    '../../_base_/datasets/organamnist.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

novel = ['heart']
classes = [name for name in _base_.classes if name not in novel]
known = dict(_delete_=True, type='ClassFilter', drop=novel)
known_train = dict(known, dataset=_base_.train_images)
known_val = dict(known, dataset=_base_.val_images)
train_dataloader = dict(dataset=dict(dataset=known_train, classes=classes))
val_dataloader = dict(dataset=dict(dataset=known_val, classes=classes))
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='NovelClassAUC')]
model = dict(
    data_preprocessor=dict(mean=[127.5], std=[127.5], to_rgb=False),
    backbone=dict(in_channels=1),
    head=dict(classes=classes),
)
