# CamVid as two sources: each is one part of the drives, and annotates
# different classes. The frames have 240x180 pixels, and are made half as
# large.
# Layout: data_root/{images,labels}/{train,val}/<frame>.{jpg,png}, with the
# ids of `all_classes` in the label maps, and 255 where there is no label.
data_root = 'data/camvid/'

# Parameters you are likely to change
num_samples = 100  # frames of each source
batch_size = 8
scale = (120, 90)  # width, height
crop_size = (72, 96)  # height, width

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=scale,
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations'),  # label maps keep their size
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='RandomFlip', prob=prob) for prob in (0.0, 1.0)],
            [dict(type='LoadAnnotations')],
            [dict(type='PackSegInputs')],
        ],
    ),
]

all_classes = (
    'sky',
    'building',
    'pole',
    'road',
    'pavement',
    'tree',
    'sign',
    'fence',
    'car',
    'pedestrian',
    'bicyclist',
)
# The test frames are of drive 0016E5. So the classes of `far` are annotated
# on other drives only.
near = ('building', 'road', 'tree', 'fence', 'bicyclist')
far = tuple(c for c in all_classes if c not in near)

frames = dict(
    type='BaseSegDataset',
    data_root=data_root,
    data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
    metainfo=dict(classes=all_classes),
)
train_frames = dict(frames, pipeline=train_pipeline)
source = dict(
    type='PartialLabelDataset',
    classes=all_classes,
    num_samples=num_samples,
    seed=0,
)
# In the order of their names, 163 frames of the drives 0001TP and 0006R0 come
# first. The last 204 frames are of drive 0016E5.
train_sources = [
    dict(
        source,
        name='0016E5',
        labeled_classes=near,
        dataset=dict(train_frames, indices=list(range(163, 367))),
    ),
    dict(
        source,
        name='0001TP and 0006R0',
        labeled_classes=far,
        dataset=dict(train_frames, indices=list(range(163))),
    ),
]
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='ConcatDataset', datasets=train_sources),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PartialLabelDataset',
        name='CamVid',
        classes=all_classes,
        dataset=dict(
            frames,
            data_prefix=dict(img_path='images/val', seg_map_path='labels/val'),
            indices=list(range(101)),  # all, or an error
            test_mode=True,
        ),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='PartialLabelIoU')
test_evaluator = val_evaluator
auto_scale_lr = dict(base_batch_size=batch_size)
