# NIH ChestX-ray14 (14 classes) and CheXpert (13): 20 classes, 7 in common.
# Layout: data_root/ChestXray14/{Data_Entry_2017_v2020.csv,images*/,...} and
# data_root/CheXpert/{train.csv,valid.csv,train/,valid/}.
data_root = 'data/'
image_size = 224
batch_size = 32
num_workers = 2

classes = (
    'Atelectasis',
    'Cardiomegaly',
    'Effusion',
    'Pneumonia',
    'Pneumothorax',
    'Consolidation',
    'Edema',
    'Infiltration',
    'Mass',
    'Nodule',
    'Emphysema',
    'Fibrosis',
    'Pleural Thickening',
    'Hernia',
    'Enlarged Cardiomediastinum',
    'Lung Lesion',
    'Lung Opacity',
    'Pleural Other',
    'Fracture',
    'Support Devices',
)
aliases = {'Pleural Effusion': 'Effusion'}

meta_keys = (
    'sample_idx',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'source',
    'patient_id',
)
# Pillow refuses a truncated file, where OpenCV fills up with grey.
load_image = dict(type='LoadImageFromFile', imdecode_backend='pillow')
train_pipeline = [
    load_image,
    dict(
        type='RandomResizedCrop',
        scale=image_size,
        crop_ratio_range=(0.8, 1.0),
        backend='cv2',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', meta_keys=meta_keys),
]
test_pipeline = [
    load_image,
    dict(type='Resize', scale=(image_size, image_size)),
    dict(type='PackInputs', meta_keys=meta_keys),
]

train_chestxray = dict(
    type='PartialLabelDataset',
    name='ChestXray14',
    classes=classes,
    dataset=dict(
        type='ChestXray14',
        data_root=data_root + 'ChestXray14',
        split='train',
        pipeline=train_pipeline,
    ),
)
train_chexpert = dict(
    type='PartialLabelDataset',
    name='CheXpert',
    classes=classes,
    aliases=aliases,
    dataset=dict(
        type='CheXpert',
        data_root=data_root + 'CheXpert',
        split='train',
        uncertain='zeros',
        blank='negative',
        pipeline=train_pipeline,
    ),
)
val_chestxray = dict(
    type='PartialLabelDataset',
    name='ChestXray14',
    classes=classes,
    dataset=dict(
        type='ChestXray14',
        data_root=data_root + 'ChestXray14',
        split='val',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
val_chexpert = dict(
    type='PartialLabelDataset',
    name='CheXpert',
    classes=classes,
    aliases=aliases,
    dataset=dict(
        type='CheXpert',
        data_root=data_root + 'CheXpert',
        split='official_val',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_chestxray = dict(
    type='PartialLabelDataset',
    name='ChestXray14',
    classes=classes,
    dataset=dict(
        type='ChestXray14',
        data_root=data_root + 'ChestXray14',
        split='test',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_chexpert = dict(
    type='PartialLabelDataset',
    name='CheXpert',
    classes=classes,
    aliases=aliases,
    dataset=dict(
        type='CheXpert',
        data_root=data_root + 'CheXpert',
        split='test',
        uncertain='zeros',
        blank='negative',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='ConcatDataset', datasets=[train_chestxray, train_chexpert]
    ),
)
val_dataloader = dict(
    batch_size=2 * batch_size,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ConcatDataset', datasets=[val_chestxray, val_chexpert]),
)
test_dataloader = dict(
    batch_size=2 * batch_size,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ConcatDataset', datasets=[test_chestxray, test_chexpert]
    ),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [
    dict(type='PartialLabelAUC', intervals=True, bootstrap=1000),
    dict(type='PartialLabelAP'),
]
