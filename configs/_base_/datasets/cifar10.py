# CIFAR-10, 32x32. All 50,000 training images are trained on, as in Table 2,
# so one half of the test images chooses the checkpoint and the other is the
# test. Layout: data_root/cifar-10-batches-py.
data_root = 'data/cifar10/'
batch_size = 128
num_workers = 2

classes = (
    'airplane',
    'automobile',
    'bird',
    'cat',
    'deer',
    'dog',
    'frog',
    'horse',
    'ship',
    'truck',
)
train_pipeline = [
    dict(type='RandomCrop', crop_size=32, padding=4),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

train_images = dict(
    type='LocalCIFAR10',
    data_root=data_root,
    split='train',
    pipeline=train_pipeline,
)
test_images = dict(
    type='LocalCIFAR10',
    data_root=data_root,
    split='test',
    test_mode=True,
    pipeline=test_pipeline,
)
source = dict(type='PartialLabelDataset', name='CIFAR10', classes=classes)

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
    dataset=dict(source, dataset=test_images, part=(0, 2)),
)
test_dataloader = dict(
    batch_size=500,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(source, dataset=test_images, part=(1, 2)),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = dict(type='PartialLabelAUC', intervals=True)
