# The recipe where no class is in common, odd and even digits.
_base_ = [
    '../../_base_/datasets/mnist_odd_even.py',
    '../../_base_/models/dynamic_adapter_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500.py',
    '../../_base_/keep_last_500i_runtime.py',
]

model = dict(head=dict(num_classes=len(_base_.digits), classes=_base_.digits))
# The schedule counts iterations.
train_dataloader = dict(sampler=dict(type='InfiniteSampler'))
