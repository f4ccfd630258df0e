# Table 10: as Table 9, tested on CheXpert's official validation images, which
# therefore do not choose the checkpoint (auc/CheXpert/mean: five classes).
_base_ = '../chestxray_chexpert.py'

five = ['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Effusion']
val_chexpert = dict(_base_.test_chexpert, num_samples=10000)
official = dict(_base_.val_chexpert, labeled_classes=five)
val_dataloader = dict(
    dataset=dict(datasets=[_base_.val_chestxray, val_chexpert])
)
test_dataloader = dict(
    dataset=dict(datasets=[_base_.test_chestxray, official])
)
