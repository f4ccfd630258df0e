# Tables 3 and 4, all parts: adapter, pseudo-labels, consistency. CheXpert
# annotates five of seven classes (D0), ChestX-ray14 five (D1): 75,310 labels.
_base_ = [
    '../../_base_/datasets/chest_seven.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

# Parameters you are likely to change
tau = 0.5
temperature = 4.0

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
# auc/CheXpert/... is Table 3, auc/ChestXray14/... is Table 4.
val_d0 = dict(_base_.val_chexpert, labeled_classes=d0_classes)
val_d1 = dict(_base_.val_chestxray, labeled_classes=d1_classes)
test_d0 = dict(_base_.test_chexpert, labeled_classes=d0_classes)
test_d1 = dict(_base_.test_chestxray, labeled_classes=d1_classes)

train_dataloader = dict(dataset=dict(datasets=[train_d0, train_d1]))
val_dataloader = dict(dataset=dict(datasets=[val_d0, val_d1]))
test_dataloader = dict(dataset=dict(datasets=[test_d0, test_d1]))
model = dict(
    head=dict(
        num_classes=len(_base_.classes),
        classes=_base_.classes,
        loss=dict(tau=tau, temperature=temperature),
    ),
)
