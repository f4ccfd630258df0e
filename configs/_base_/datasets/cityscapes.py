# Cityscapes in partial labels: two kinds of annotation, one label map each.
# Layout: data_root/{leftImg8bit,gtFine}/{train,val}/<city>/*.png
_base_ = 'mmseg::_base_/datasets/cityscapes.py'

data_root = 'data/cityscapes/'
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
    pipeline=_base_.train_pipeline,
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
    pipeline=_base_.test_pipeline,
)
val_evaluator = dict(
    _delete_=True, type='PartialLabelIoU', class_of_interest='bus'
)
test_evaluator = val_evaluator
