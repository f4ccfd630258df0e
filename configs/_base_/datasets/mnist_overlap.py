# Table 12: images of the digits 1 to 7. D0 annotates 1 to 5, D1 annotates 3 to
# 7. Each source has 300 images with five labels: 3,000 labels of 4,200.
_base_ = 'mnist.py'

classes = ('1', '2', '3', '4', '5', '6', '7')
d0_classes = ('1', '2', '3', '4', '5')
d1_classes = ('3', '4', '5', '6', '7')

shown = dict(type='ClassFilter', keep=classes)
train = dict(dataset=dict(shown, dataset=_base_.train_images), classes=classes)
train_d0 = dict(_base_.d0, **train, labeled_classes=d0_classes)
train_d1 = dict(_base_.d1, **train, labeled_classes=d1_classes)
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ConcatDataset', datasets=[train_d0, train_d1]
    )
)
val = dict(shown, _delete_=True, dataset=_base_.val_images)
val_dataloader = dict(dataset=dict(dataset=val, classes=classes))
test = dict(shown, _delete_=True, dataset=_base_.test_images)
test_dataloader = dict(dataset=dict(dataset=test, classes=classes))
