# Table 7, CIFAR-10, in small, without the adapter: cats are in the test only.
# 4,500 images of the other classes are trained.
_base_ = [
    '../../_base_/datasets/cifar10_small.py',
    '../../_base_/models/linear_small_cnn16.py',
    '../../_base_/schedules/adam_cosine_2400i.py',
    '../../_base_/keep_last_2400i_runtime.py',
]

# Parameters you are likely to change
novel = ['cat']
num_samples = 4500

classes = [name for name in _base_.classes if name not in novel]
train = dict(
    _base_.d0,
    _delete_=True,
    dataset=dict(type='ClassFilter', drop=novel, dataset=_base_.train_images),
    classes=classes,
    num_samples=num_samples,
)
known_val = dict(
    _delete_=True,
    type='ClassFilter',
    drop=novel,
    dataset=_base_.held_out.dataset,
)
train_dataloader = dict(dataset=train)
val_dataloader = dict(dataset=dict(dataset=known_val, classes=classes))
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='NovelClassAUC')]
model = dict(head=dict(classes=classes))
