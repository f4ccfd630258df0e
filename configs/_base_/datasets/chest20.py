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
# The classes that Tables 1, 8 and 10 report on.
five_classes = (
    'Atelectasis',
    'Cardiomegaly',
    'Consolidation',
    'Edema',
    'Effusion',
)
aliases = {'Pleural Effusion': 'Effusion'}

# Files of any depth, and DICOM. Images have one channel, and so has their
# strong view, until the data preprocessor normalises them with three means.
load_image = dict(type='LoadMedicalImage', color_type='grayscale')
train_pipeline = [
    load_image,
    dict(
        type='RandomResizedCrop',
        scale=image_size,
        crop_ratio_range=(0.8, 1.0),
        backend='cv2',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    load_image,
    dict(type='Resize', scale=(image_size, image_size)),
    dict(type='PackInputs'),
]

chestxray = dict(
    type='PartialLabelDataset', name='ChestXray14', classes=classes
)
chexpert = dict(
    type='PartialLabelDataset',
    name='CheXpert',
    classes=classes,
    aliases=aliases,
)
chestxray_source = dict(
    type='ChestXray14', data_root=data_root + 'ChestXray14'
)
chexpert_source = dict(type='CheXpert', data_root=data_root + 'CheXpert')
# How to read an uncertain (-1) and a blank label of CheXpert. The official
# validation images have none of them.
policies = dict(uncertain='zeros', blank='negative')
training = dict(split='train', pipeline=train_pipeline)
validation = dict(split='val', test_mode=True)
testing = dict(split='test', test_mode=True)

train_chestxray = dict(chestxray, dataset=dict(chestxray_source, **training))
train_chexpert = dict(
    chexpert, dataset=dict(chexpert_source, **policies, **training)
)
held_out_chestxray = dict(chestxray, pipeline=test_pipeline)
held_out_chexpert = dict(chexpert, pipeline=test_pipeline)
val_chestxray = dict(
    held_out_chestxray, dataset=dict(chestxray_source, **validation)
)
val_chexpert = dict(
    held_out_chexpert,
    dataset=dict(chexpert_source, **dict(validation, split='official_val')),
)
test_chestxray = dict(
    held_out_chestxray, dataset=dict(chestxray_source, **testing)
)
test_chexpert = dict(
    held_out_chexpert, dataset=dict(chexpert_source, **policies, **testing)
)

loader = dict(num_workers=num_workers, persistent_workers=True)
ordered = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='ConcatDataset', datasets=[train_chestxray, train_chexpert]
    ),
)
val_dataloader = dict(
    loader,
    batch_size=2 * batch_size,
    sampler=ordered,
    dataset=dict(type='ConcatDataset', datasets=[val_chestxray, val_chexpert]),
)
test_dataloader = dict(
    loader,
    batch_size=2 * batch_size,
    sampler=ordered,
    dataset=dict(
        type='ConcatDataset', datasets=[test_chestxray, test_chexpert]
    ),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [
    dict(type='PartialLabelAUC', intervals=True, bootstrap=1000),
    dict(type='PartialLabelAP'),
]
auto_scale_lr = dict(base_batch_size=batch_size)
