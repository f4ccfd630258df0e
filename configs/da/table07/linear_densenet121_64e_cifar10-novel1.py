# Table 7, CIFAR-10 without the adapter: cats are in the test only.
_base_ = [
    '../../_base_/datasets/cifar10.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

novel = ['cat']
classes = [name for name in _base_.classes if name not in novel]
known = dict(type='ClassFilter', drop=novel)
known_train = dict(known, _delete_=True, dataset=_base_.train_images)
# Split the test images before the filter, so that no image is in both halves.
half = dict(_base_.held_out, part=(0, 2))
known_val = dict(
    _base_.source,
    _delete_=True,
    dataset=dict(known, dataset=half),
    classes=classes,
)

train_dataloader = dict(dataset=dict(dataset=known_train, classes=classes))
val_dataloader = dict(dataset=known_val)
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='NovelClassAUC')]
model = dict(
    data_preprocessor=dict(to_rgb=False),  # the images are RGB
    head=dict(classes=classes),
)
