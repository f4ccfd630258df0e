# DermaMNIST, 28x28. The images are enlarged to 32x32, because DenseNet121
# halves them five times. Layout: data_root/dermamnist.npz
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

images = dict(type='MedMNIST', name=name, data_root=data_root)
train_images = dict(images, split='train', pipeline=train_pipeline)
val_images = dict(images, split='val', test_mode=True)
test_images = dict(val_images, split='test')
source = dict(type='PartialLabelDataset', classes=classes)
held_out = dict(source, pipeline=test_pipeline)

loader = dict(num_workers=num_workers, persistent_workers=True)
ordered = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(source, dataset=train_images),
)
val_dataloader = dict(
    loader,
    batch_size=500,
    sampler=ordered,
    dataset=dict(held_out, dataset=val_images),
)
test_dataloader = dict(
    loader,
    batch_size=500,
    sampler=ordered,
    dataset=dict(held_out, dataset=test_images),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = dict(type='PartialLabelAUC', intervals=True)
auto_scale_lr = dict(base_batch_size=batch_size)
