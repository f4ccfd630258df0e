# CIFAR-10 in small: two sources, D0 and D1, of 1,000 images each. One seed
# splits the 50,000 training images into ten parts. The sources are drawn from
# the first two parts, so a source can have up to 5,000 images. The last part
# validates. All 10,000 test images are the test. The network sees crops of
# 24x24 pixels, so that a training costs about half as much.
_base_ = 'cifar10.py'
num_samples = 1000  # of each source
seed = 0  # of the parts and of the images that are drawn from them
batch_size = 64

train_pipeline = [
    dict(type='RandomCrop', crop_size=24),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='CenterCrop', crop_size=24),
    dict(type='PackInputs'),
]
train_images = dict(_base_.train_images, pipeline=train_pipeline)

drawn = dict(_base_.source, num_samples=num_samples, seed=seed)
d0 = dict(drawn, name='D0', part=(0, 10), dataset=train_images)
d1 = dict(drawn, name='D1', part=(1, 10), dataset=train_images)
held_out = dict(
    _base_.source,
    _delete_=True,
    name='val',
    part=(9, 10),
    seed=seed,
    dataset=dict(_base_.test_images, split='train'),
    pipeline=test_pipeline,
)
tested = dict(
    _base_.source,
    _delete_=True,
    name='test',
    dataset=_base_.test_images,
    pipeline=test_pipeline,
)

loader = dict(num_workers=0, persistent_workers=False)  # images in memory
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='InfiniteSampler'),  # the schedule counts iterations
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[d0, d1]),
)
val_dataloader = dict(loader, dataset=held_out)
test_dataloader = dict(loader, dataset=tested)
test_evaluator = dict(intervals=False)
auto_scale_lr = dict(base_batch_size=batch_size)
