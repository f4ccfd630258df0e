# Table 2: CheXpert (D0) annotates four of the seven classes, ChestX-ray14 (D1)
# the other three. No class is annotated in both: 52,717 labels.
_base_ = 'chest7.py'

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
