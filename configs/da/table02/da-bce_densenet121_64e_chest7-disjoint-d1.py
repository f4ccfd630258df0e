# Table 2, chest X-rays, D1: ChestX-ray14 alone, three (22,593 labels).
_base_ = 'da-recipe_densenet121_64e_chest7-disjoint.py'

classes = _base_.d1_classes
alone = dict(_delete_=True, classes=classes)
train_dataloader = dict(dataset=dict(_base_.train_d1, **alone))
val_dataloader = dict(dataset=dict(_base_.val_d1, **alone))
test_dataloader = dict(dataset=dict(_base_.test_d1, **alone))
head = dict(num_classes=len(classes), classes=classes)
model = dict(data_preprocessor=dict(strong_view=None), head=head)
