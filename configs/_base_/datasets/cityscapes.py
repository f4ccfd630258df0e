# Cityscapes with all 19 classes annotated, and as two halves whose label maps
# show different classes (`halves`).
# Layout: data_root/{leftImg8bit,gtFine}/{train,val}/<city>/*.png
# The pipelines and loaders come from mmseg 1.x,
# `_base_/datasets/cityscapes.py`.
data_root = 'data/cityscapes/'
crop_size = (512, 1024)  # height, width

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=(2048, 1024),
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 1024), keep_ratio=True),
    dict(type='LoadAnnotations'),  # label maps keep their size
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile', backend_args=None),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='Resize', scale_factor=ratio, keep_ratio=True)
                for ratio in (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
            ],
            [
                dict(type='RandomFlip', prob=prob, direction='horizontal')
                for prob in (0.0, 1.0)
            ],
            [dict(type='LoadAnnotations')],
            [dict(type='PackSegInputs')],
        ],
    ),
]

all_classes = (
    'road',
    'sidewalk',
    'building',
    'wall',
    'fence',
    'pole',
    'traffic light',
    'traffic sign',
    'vegetation',
    'terrain',
    'sky',
    'person',
    'rider',
    'car',
    'truck',
    'bus',
    'train',
    'motorcycle',
    'bicycle',
)
five_classes = ('bus', 'road', 'sidewalk', 'building', 'wall')
other_classes = tuple(c for c in all_classes if c not in five_classes)

train_source = dict(
    type='CityscapesDataset',
    data_root=data_root,
    data_prefix=dict(
        img_path='leftImg8bit/train', seg_map_path='gtFine/train'
    ),
    pipeline=train_pipeline,
)
# To assemble: each kind of annotation on one half of the images.
half = dict(type='PartialLabelDataset', classes=all_classes, seed=0)
halves = [
    dict(half, name='five', labeled_classes=five_classes, part=(0, 2)),
    dict(half, name='fourteen', labeled_classes=other_classes, part=(1, 2)),
]
val_source = dict(
    type='CityscapesDataset',
    data_root=data_root,
    data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
    test_mode=True,
)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PartialLabelDataset',
        name='Cityscapes',
        dataset=train_source,
        classes=all_classes,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PartialLabelDataset',
        name='Cityscapes',
        dataset=val_source,
        classes=all_classes,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='PartialLabelIoU', class_of_interest='bus')
test_evaluator = val_evaluator
auto_scale_lr = dict(base_batch_size=2)
