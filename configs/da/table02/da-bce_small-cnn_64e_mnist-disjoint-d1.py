# Table 2, MNIST, D1: the even digits annotated, BCE alone (1,500 labels).
_base_ = 'da-recipe_small-cnn_64e_mnist-disjoint.py'

classes = _base_.d1_classes
alone = dict(_base_.train_d1, _delete_=True, classes=classes)
train_dataloader = dict(dataset=alone)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
head = dict(num_classes=len(classes), classes=classes)
model = dict(data_preprocessor=dict(strong_view=None), head=head)
