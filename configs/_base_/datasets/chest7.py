# The seven classes that ChestX-ray14 and CheXpert share, 7,531 images each.
# The files that inherit from it say which source annotates which classes.
_base_ = 'chest20.py'
num_samples = 7531  # of each source
seed = 1

classes = (
    'Cardiomegaly',
    'Pneumonia',
    'Atelectasis',
    'Edema',
    'Effusion',
    'Consolidation',
    'Pneumothorax',
)
sampled = dict(classes=classes, num_samples=num_samples, seed=seed)
train_chexpert = dict(_base_.train_chexpert, **sampled)
train_chestxray = dict(_base_.train_chestxray, **sampled)
val_chexpert = dict(_base_.val_chexpert, classes=classes)
val_chestxray = dict(_base_.val_chestxray, classes=classes)
test_chexpert = dict(_base_.test_chexpert, classes=classes)
test_chestxray = dict(_base_.test_chestxray, classes=classes)
