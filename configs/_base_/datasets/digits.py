# scikit-learn's digits as two sources: 1 to 5 and 3 to 7 are annotated.
classes = ('1', '2', '3', '4', '5', '6', '7')
num_samples = 300  # of each source
batch_size = 32

train_pipeline = [
    dict(type='Resize', scale=32),
    dict(type='RandomCrop', crop_size=32, padding=2),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='Resize', scale=32),
    dict(type='PackInputs'),
]

train_d0 = dict(
    type='PartialLabelDataset',
    name='D0',
    dataset=dict(
        type='Digits',
        digits=(1, 2, 3, 4, 5, 6, 7),
        split='train',
        part=(0, 2),
        pipeline=train_pipeline,
    ),
    classes=classes,
    labeled_classes=['1', '2', '3', '4', '5'],
    num_samples=num_samples,
    seed=1,
)
train_d1 = dict(
    type='PartialLabelDataset',
    name='D1',
    dataset=dict(
        type='Digits',
        digits=(1, 2, 3, 4, 5, 6, 7),
        split='train',
        part=(1, 2),
        pipeline=train_pipeline,
    ),
    classes=classes,
    labeled_classes=['3', '4', '5', '6', '7'],
    num_samples=num_samples,
    seed=1,
)

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ConcatDataset', datasets=[train_d0, train_d1]),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PartialLabelDataset',
        name='digits',
        dataset=dict(
            type='Digits',
            digits=(1, 2, 3, 4, 5, 6, 7),
            split='val',
            test_mode=True,
            pipeline=test_pipeline,
        ),
        classes=classes,
    ),
)
test_dataloader = dict(
    batch_size=128,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PartialLabelDataset',
        name='digits',
        dataset=dict(
            type='Digits',
            digits=(1, 2, 3, 4, 5, 6, 7),
            split='test',
            test_mode=True,
            pipeline=test_pipeline,
        ),
        classes=classes,
    ),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [
    dict(type='PartialLabelAUC'),
    dict(type='PartialLabelAP'),
]
