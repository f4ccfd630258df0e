# scikit-learn's digits: a linear layer, BCE on annotated entries.
_base_ = [
    '../../_base_/datasets/digits7.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

model = dict(
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(in_channels=3),
    head=dict(classes=_base_.classes),
)
train_dataloader = dict(
    batch_size=16,
    sampler=dict(type='InfiniteSampler'),  # the schedule counts iterations
)
auto_scale_lr = dict(base_batch_size=16)
