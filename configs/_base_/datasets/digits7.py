# scikit-learn's digits 1 to 7. D0 annotates 1 to 5, D1 annotates 3 to 7.
classes = ('1', '2', '3', '4', '5', '6', '7')
d0_classes = ['1', '2', '3', '4', '5']
d1_classes = ['3', '4', '5', '6', '7']
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

images = dict(type='Digits', digits=(1, 2, 3, 4, 5, 6, 7))
train_images = dict(images, split='train', pipeline=train_pipeline)
held_out_images = dict(images, test_mode=True)

source = dict(type='PartialLabelDataset', classes=classes)
drawn = dict(source, num_samples=num_samples, seed=1)
train_d0 = dict(
    drawn,
    name='D0',
    dataset=dict(train_images, part=(0, 2)),
    labeled_classes=d0_classes,
)
train_d1 = dict(
    drawn,
    name='D1',
    dataset=dict(train_images, part=(1, 2)),
    labeled_classes=d1_classes,
)
held_out = dict(source, name='digits', pipeline=test_pipeline)
val = dict(held_out, dataset=dict(held_out_images, split='val'))
test = dict(held_out, dataset=dict(held_out_images, split='test'))

loader = dict(num_workers=0, persistent_workers=False)  # images in memory
ordered = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ConcatDataset', datasets=[train_d0, train_d1]),
)
val_dataloader = dict(loader, batch_size=128, sampler=ordered, dataset=val)
test_dataloader = dict(loader, batch_size=128, sampler=ordered, dataset=test)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='PartialLabelAP')]
auto_scale_lr = dict(base_batch_size=batch_size)
