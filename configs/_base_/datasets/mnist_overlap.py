# Table 12: images of the digits 1 to 7, D0 annotates 1 to 5, D1 3 to 7.
# 300 images with 5 labels each twice: 3,000 labels of the 4,200.
_base_ = 'mnist.py'

classes = ('1', '2', '3', '4', '5', '6', '7')
d0_classes = ('1', '2', '3', '4', '5')
d1_classes = ('3', '4', '5', '6', '7')

train_d0 = dict(
    _base_.d0,
    dataset=dict(
        type='ClassFilter', dataset=_base_.train_images, keep=classes
    ),
    classes=classes,
    labeled_classes=d0_classes,
)
train_d1 = dict(
    _base_.d1,
    dataset=dict(
        type='ClassFilter', dataset=_base_.train_images, keep=classes
    ),
    classes=classes,
    labeled_classes=d1_classes,
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ConcatDataset', datasets=[train_d0, train_d1]
    )
)
val_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='ClassFilter',
            dataset=_base_.val_images,
            keep=classes,
        ),
        classes=classes,
    )
)
test_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type='ClassFilter',
            dataset=_base_.test_images,
            keep=classes,
        ),
        classes=classes,
    )
)
