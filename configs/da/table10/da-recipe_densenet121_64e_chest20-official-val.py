# Table 10 with the recipe: tested on CheXpert's official validation images,
# which therefore do not choose the checkpoint. See auc/CheXpert/mean.
_base_ = '../chestxray_chexpert.py'

val_chexpert = dict(_base_.test_chexpert, num_samples=10000)
official = dict(_base_.val_chexpert, labeled_classes=_base_.five_classes)
val_dataloader = dict(
    dataset=dict(datasets=[_base_.val_chestxray, val_chexpert])
)
test_dataloader = dict(
    dataset=dict(datasets=[_base_.test_chestxray, official])
)
