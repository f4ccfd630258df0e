# Tables 3 and 4: CheXpert (D0) and ChestX-ray14 (D1) annotate five of the
# seven classes each. Three classes are annotated in both: 75,310 labels.
_base_ = 'chest7.py'

d0_classes = ['Cardiomegaly', 'Pneumonia', 'Atelectasis', 'Edema', 'Effusion']
d1_classes = [
    'Atelectasis',
    'Edema',
    'Effusion',
    'Consolidation',
    'Pneumothorax',
]
train_d0 = dict(_base_.train_chexpert, labeled_classes=d0_classes)
train_d1 = dict(_base_.train_chestxray, labeled_classes=d1_classes)
val_d0 = dict(_base_.val_chexpert, labeled_classes=d0_classes)
val_d1 = dict(_base_.val_chestxray, labeled_classes=d1_classes)
test_d0 = dict(_base_.test_chexpert, labeled_classes=d0_classes)
test_d1 = dict(_base_.test_chestxray, labeled_classes=d1_classes)

train_dataloader = dict(dataset=dict(datasets=[train_d0, train_d1]))
val_dataloader = dict(dataset=dict(datasets=[val_d0, val_d1]))
test_dataloader = dict(dataset=dict(datasets=[test_d0, test_d1]))
