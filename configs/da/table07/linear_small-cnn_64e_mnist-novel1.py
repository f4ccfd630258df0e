# Table 7, MNIST without the adapter: 0 is in the test only. The training has
# 1 % of the images (appendix C.3). `novel/max` is the paper's AUC.
_base_ = [
    '../../_base_/datasets/mnist.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_64e.py',
    '../../_base_/keep_last_64e_runtime.py',
]

# Parameters you are likely to change
novel = ['0']
num_samples = 600

classes = [name for name in _base_.classes if name not in novel]
known = dict(_delete_=True, type='ClassFilter', drop=novel)
known_train = dict(known, dataset=_base_.train_images)
known_val = dict(known, dataset=_base_.val_images)
train_dataloader = dict(
    dataset=dict(dataset=known_train, classes=classes, num_samples=num_samples)
)
val_dataloader = dict(dataset=dict(dataset=known_val, classes=classes))
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='NovelClassAUC')]
model = dict(head=dict(classes=classes))
