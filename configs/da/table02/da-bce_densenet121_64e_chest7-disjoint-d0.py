# Table 2, chest X-rays, D0: CheXpert alone, four classes (30,124 labels).
_base_ = 'da-recipe_densenet121_64e_chest7-disjoint.py'

classes = _base_.d0_classes
# CheXpert's Pleural Effusion is in none of them: nothing to rename.
alone = dict(_delete_=True, classes=classes, aliases={})
train_dataloader = dict(dataset=dict(_base_.train_d0, **alone))
val_dataloader = dict(dataset=dict(_base_.val_d0, **alone))
test_dataloader = dict(dataset=dict(_base_.test_d0, **alone))
head = dict(num_classes=len(classes), classes=classes)
model = dict(data_preprocessor=dict(strong_view=None), head=head)
