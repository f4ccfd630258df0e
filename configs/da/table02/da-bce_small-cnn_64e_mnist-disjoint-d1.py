# Table 2, MNIST, D1: even digits alone (1,500 labels).
_base_ = [
    '../../_base_/datasets/mnist_disjoint.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_64e.py',
    '../../_base_/keep_last_64e_runtime.py',
]

classes = _base_.d1_classes
alone = dict(_base_.train_d1, _delete_=True, classes=classes)
train_dataloader = dict(dataset=alone)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(type='DynamicAdapterHead', classes=classes))
