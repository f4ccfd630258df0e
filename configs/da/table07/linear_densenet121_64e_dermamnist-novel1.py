# Table 7, DermaMNIST without the adapter: vascular lesions are in the test
# only.
_base_ = [
    '../../_base_/datasets/dermamnist.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

novel = ['vascular lesions']
classes = [name for name in _base_.classes if name not in novel]
known = dict(_delete_=True, type='ClassFilter', drop=novel)
known_train = dict(known, dataset=_base_.train_images)
known_val = dict(known, dataset=_base_.val_images)
train_dataloader = dict(dataset=dict(dataset=known_train, classes=classes))
val_dataloader = dict(dataset=dict(dataset=known_val, classes=classes))
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='NovelClassAUC')]
model = dict(
    data_preprocessor=dict(to_rgb=False),  # the images are RGB
    head=dict(classes=classes),
)
