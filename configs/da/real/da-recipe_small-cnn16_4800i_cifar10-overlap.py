# CIFAR-10, overlap labels: the recipe.
_base_ = [
    '../../_base_/datasets/cifar10_small_overlap.py',
    '../../_base_/models/dynamic_adapter_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_4800i.py',
    '../../_base_/keep_last_4800i_runtime.py',
]

# Every image shows exactly one class.
loss = dict(exactly_one=True, marginal_weight=0.3, distance='bce', ramp_up=0.4)
model = dict(head=dict(classes=_base_.classes, loss=loss))
