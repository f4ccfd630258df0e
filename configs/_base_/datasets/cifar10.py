# CIFAR-10, 32x32. All 50,000 training images are trained on, as in Table 2.
# One half of the test images chooses the checkpoint, the other half is the
# test. Layout: data_root/cifar-10-batches-py.
data_root = 'data/cifar10/'
batch_size = 128
num_workers = 2  # beside a GPU, one process crops too slowly

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

images = dict(type='LocalCIFAR10', data_root=data_root)
train_images = dict(images, split='train', pipeline=train_pipeline)
test_images = dict(images, split='test', test_mode=True)
source = dict(type='PartialLabelDataset', name='CIFAR10', classes=classes)
held_out = dict(source, dataset=test_images, pipeline=test_pipeline)

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
    dataset=dict(held_out, part=(0, 2)),
)
test_dataloader = dict(
    loader,
    batch_size=500,
    sampler=ordered,
    dataset=dict(held_out, part=(1, 2)),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = dict(type='PartialLabelAUC', intervals=True)
auto_scale_lr = dict(base_batch_size=batch_size)
