# Stanford CheXpert alone, its 13 classes. The official validation images are
# the test. Images of train.csv that are not trained on choose the checkpoint.
_base_ = 'chest20.py'
num_val = 10000

classes = (
    'Atelectasis',
    'Cardiomegaly',
    'Effusion',
    'Pneumonia',
    'Pneumothorax',
    'Consolidation',
    'Edema',
    'Enlarged Cardiomediastinum',
    'Lung Lesion',
    'Lung Opacity',
    'Pleural Other',
    'Fracture',
    'Support Devices',
)
train = dict(_base_.train_chexpert, classes=classes)
val = dict(_base_.test_chexpert, classes=classes, num_samples=num_val)
test = dict(_base_.val_chexpert, classes=classes)

train_dataloader = dict(dataset=dict(_delete_=True, **train))
val_dataloader = dict(dataset=dict(_delete_=True, **val))
test_dataloader = dict(dataset=dict(_delete_=True, **test))
