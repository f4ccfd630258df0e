# One model from tables of your own. Each table annotates some of the classes.
# `mmda make_toy my_csv data/my_csv` draws tables and images to try it.
# Copy this file to any place: these names need no folder. The first line tells
# the stock tools where they are.
_base_ = [
    __import__('mmda')
    and 'mmda::_base_/models/dynamic_adapter_densenet121.py',
    'mmda::_base_/schedules/adam_plateau_64e.py',
    'mmda::_base_/default_runtime.py',
]
from mmda.datasets.tables import sources_of_tables  # noqa: E402

# Edit these lines. A table has the column `path` and a column for each class.
# A cell is 1, 0, or empty: not annotated. `patient_column` is no class.
data_root = 'data/my_csv/'
tables = dict(
    # A has tables of its own for validation and test.
    A=dict(
        train='a.csv',
        val='a_val.csv',
        test='a_test.csv',
        patient_column='patient',
    ),
    # B and C hold out a tenth of their patients for each.
    B=dict(train='b.csv', patient_column='patient'),
    C=dict(train='c.csv', patient_column='patient'),
)
aliases = {'Pleural Effusion': 'Effusion'}  # or the file of mmda label_space
image_size = 224
batch_size = 32
max_epochs = 64

# The rest follows.
# X-rays stay grey, photographs stay in colour.
load_image = dict(type='LoadMedicalImage')
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
classes, train, val, test = sources_of_tables(
    tables, data_root, train_pipeline, test_pipeline, aliases
)

loader = dict(
    num_workers=2,
    persistent_workers=True,
    batch_size=batch_size,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
train_dataloader = dict(
    loader,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ConcatDataset', datasets=train),
)
val_dataloader = dict(loader, dataset=dict(type='ConcatDataset', datasets=val))
test_dataloader = dict(
    loader, dataset=dict(type='ConcatDataset', datasets=test)
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [
    dict(type='PartialLabelAUC', intervals=True, bootstrap=1000),
    dict(type='PartialLabelAP'),
]
train_cfg = dict(max_epochs=max_epochs)
auto_scale_lr = dict(base_batch_size=batch_size)
model = dict(head=dict(classes=classes))
