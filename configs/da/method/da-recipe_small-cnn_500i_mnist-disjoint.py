# Odd and even digits, no class in common: the recipe.
_base_ = [
    '../../_base_/datasets/mnist_disjoint.py',
    '../../_base_/models/dynamic_adapter_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
# The schedule counts iterations.
train_dataloader = dict(sampler=dict(type='InfiniteSampler'))
