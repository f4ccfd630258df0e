# Table 2: D0 annotates the odd digits, D1 the even ones: 3,000 labels.
# Both have images of all ten digits. The paper does not say so for MNIST. It
# says so for CIFAR-10: of 50,000 images, 30,000 show animals, but 25,000 are
# annotated for animals and 25,000 for vehicles.
_base_ = 'mnist.py'

d0_classes = ('1', '3', '5', '7', '9')
d1_classes = ('0', '2', '4', '6', '8')
train_d0 = dict(_base_.d0, labeled_classes=d0_classes)
train_d1 = dict(_base_.d1, labeled_classes=d1_classes)
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ConcatDataset', datasets=[train_d0, train_d1]
    )
)
