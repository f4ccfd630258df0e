# The recipe on scikit-learn's digits: 1 to 5 and 3 to 7 annotated.
_base_ = [
    '../../_base_/datasets/digits.py',
    '../../_base_/models/dynamic_adapter_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500.py',
    '../../_base_/keep_last_500i_runtime.py',
]

model = dict(
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(in_channels=3),
    head=dict(num_classes=len(_base_.classes), classes=_base_.classes),
)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='InfiniteSampler'),  # the schedule counts iterations
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
