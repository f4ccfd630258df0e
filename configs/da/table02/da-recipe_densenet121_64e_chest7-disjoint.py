# Table 2, chest X-rays, D0 & D1: no class in common (52,717 labels).
_base_ = [
    '../../_base_/datasets/chest_seven.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

d0_classes = ['Cardiomegaly', 'Pneumonia', 'Atelectasis', 'Edema']
d1_classes = ['Effusion', 'Consolidation', 'Pneumothorax']
train_d0 = dict(_base_.train_chexpert, labeled_classes=d0_classes)
train_d1 = dict(_base_.train_chestxray, labeled_classes=d1_classes)
val_d0 = dict(_base_.val_chexpert, labeled_classes=d0_classes)
val_d1 = dict(_base_.val_chestxray, labeled_classes=d1_classes)
test_d0 = dict(_base_.test_chexpert, labeled_classes=d0_classes)
test_d1 = dict(_base_.test_chestxray, labeled_classes=d1_classes)

train_dataloader = dict(dataset=dict(datasets=[train_d0, train_d1]))
val_dataloader = dict(dataset=dict(datasets=[val_d0, val_d1]))
test_dataloader = dict(dataset=dict(datasets=[test_d0, test_d1]))
model = dict(
    head=dict(num_classes=len(_base_.classes), classes=_base_.classes)
)
