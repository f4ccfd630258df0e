# Table 1, CIFAR-10, cat, in small: all ten classes of 5,000 images annotated.
_base_ = [
    '../../_base_/datasets/cifar10_small.py',
    '../../_base_/models/linear_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_2400i.py',
    '../../_base_/keep_last_2400i_runtime.py',
]

num_samples = 5000
train = dict(_base_.d0, _delete_=True, num_samples=num_samples)
train_dataloader = dict(dataset=train)
of_interest = dict(classes_of_interest=['cat'])
val_evaluator = test_evaluator = of_interest
model = dict(head=dict(classes=_base_.classes))
