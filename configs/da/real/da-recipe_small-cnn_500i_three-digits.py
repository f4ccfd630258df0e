# Three domains of digits: the recipe.
_base_ = [
    '../../_base_/datasets/three_digits.py',
    '../../_base_/models/dynamic_adapter_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

# Every image shows exactly one class.
loss = dict(exactly_one=True, marginal_weight=0.3, distance='bce', ramp_up=0.4)
model = dict(head=dict(classes=_base_.classes, loss=loss))
