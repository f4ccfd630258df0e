# Table 2, CIFAR-10, D1: means of transport alone (100,000).
_base_ = 'da-recipe_densenet121_64e_cifar10-disjoint.py'

classes = _base_.d1_classes
alone = dict(_base_.train_d1, _delete_=True, classes=classes)
train_dataloader = dict(dataset=alone)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
head = dict(num_classes=len(classes), classes=classes)
model = dict(data_preprocessor=dict(strong_view=None), head=head)
