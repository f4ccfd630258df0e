# DermaMNIST, 28x28, enlarged to 32x32: five halvings of DenseNet121 leave one
# pixel. Layout: data_root/dermamnist.npz, with training, validation and test.
data_root = 'data/medmnist/'
batch_size = 128
num_workers = 2

name = 'dermamnist'
classes = (
    'actinic keratoses and intraepithelial carcinoma',
    'basal cell carcinoma',
    'benign keratosis-like lesions',
    'dermatofibroma',
    'melanoma',
    'melanocytic nevi',
    'vascular lesions',
)
train_pipeline = [
    dict(type='Resize', scale=(32, 32)),
    dict(type='RandomCrop', crop_size=32, padding=2),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='Resize', scale=(32, 32)),
    dict(type='PackInputs'),
]

train_images = dict(
    type='MedMNIST',
    name=name,
    data_root=data_root,
    split='train',
    pipeline=train_pipeline,
)
val_images = dict(
    type='MedMNIST',
    name=name,
    data_root=data_root,
    split='val',
    test_mode=True,
    pipeline=test_pipeline,
)
test_images = dict(val_images, split='test')
source = dict(type='PartialLabelDataset', classes=classes)

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(source, dataset=train_images),
)
val_dataloader = dict(
    batch_size=500,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(source, dataset=val_images),
)
test_dataloader = dict(
    batch_size=500,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(source, dataset=test_images),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = dict(type='PartialLabelAUC', intervals=True)
