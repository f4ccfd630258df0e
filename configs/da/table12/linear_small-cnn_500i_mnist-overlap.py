# Table 12, D0 & D1: a linear layer, BCE on annotated entries (3,000 labels).
_base_ = [
    '../../_base_/datasets/mnist_overlap.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
# The schedule counts iterations.
train_dataloader = dict(sampler=dict(type='InfiniteSampler'))
