# MNIST in three disjoint parts of its 60,000 training images, by one seed:
# D0, D1 and validation. Layout: data_root/{train,t10k}-*-idx?-ubyte[.gz]
data_root = 'data/mnist/'
num_samples = 300  # images of each source
seed = 0  # of the parts and of the draws from them
batch_size = 16

digits = ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
train_pipeline = [
    dict(type='RandomCrop', crop_size=28, padding=2),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

# Images with one grey channel
train_images = dict(
    type='LocalMNIST',
    data_root=data_root,
    split='train',
    pipeline=train_pipeline,
)
val_images = dict(
    type='LocalMNIST',
    data_root=data_root,
    split='train',
    test_mode=True,
    pipeline=test_pipeline,
)
test_images = dict(
    type='LocalMNIST',
    data_root=data_root,
    split='test',
    test_mode=True,
    pipeline=test_pipeline,
)

# Which images; a table adds `dataset`, `classes` and `labeled_classes`.
d0 = dict(
    type='PartialLabelDataset',
    name='D0',
    num_samples=num_samples,
    part=(0, 3),
    seed=seed,
)
d1 = dict(
    type='PartialLabelDataset',
    name='D1',
    num_samples=num_samples,
    part=(1, 3),
    seed=seed,
)
held_out = dict(
    type='PartialLabelDataset',
    name='val',
    num_samples=1000,
    part=(2, 3),
    seed=seed,
)
tested = dict(type='PartialLabelDataset', name='test')

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,  # the images are in memory
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(d0, dataset=train_images, classes=digits),
)
val_dataloader = dict(
    batch_size=500,
    num_workers=0,  # the images are in memory
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(held_out, dataset=val_images, classes=digits),
)
test_dataloader = dict(
    batch_size=500,
    num_workers=0,  # the images are in memory
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(tested, dataset=test_images, classes=digits),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='PartialLabelAP')]
