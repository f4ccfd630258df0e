# Table 12, D1: this source alone, its five digits (1,500 labels).
_base_ = 'linear_small-cnn_500i_mnist-overlap.py'

classes = _base_.d1_classes
alone = dict(_base_.train_d1, _delete_=True, classes=classes)
train_dataloader = dict(dataset=alone)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(classes=classes))
