# Chest X-rays of NIH ChestX-ray14 in small: 14 findings at 64x64 pixels.
# Layout: data_root/{Data_Entry_2017_v2020.csv,images/}, with the rows of the
# images that are there.
#
# No patient is in two of training, validation and test. Three tenths of the
# patients are the test, whatever the seed. With these three parts of ten, the
# test has closest to three tenths of the positives of each measured finding.
# The seed splits the others: D0 and D1 have two fifths each, validation one.
data_root = 'data/nih64/'
image_size = 64
batch_size = 32
seed = 0  # of D0, D1 and validation

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
)
# Too few positives in 1,000 images to measure an AUC: both sources annotate
# them.
rare = ['Pneumonia', 'Pleural Thickening', 'Hernia']
measured = [name for name in classes if name not in rare]
# Overlapping halves: Consolidation, Edema and Infiltration are in both.
d0_classes = measured[:7] + rare
d1_classes = measured[-7:] + rare

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

patients = dict(
    type='PartialLabelDataset', classes=classes, part_of='patients'
)
images = dict(type='ChestXray14', data_root=data_root, split='all')
train_images = dict(images, pipeline=train_pipeline)
test_images = dict(images, test_mode=True)
# Groups of images for which the test reports values of their own.
groups = dict(
    sex='Patient Gender',
    age=dict(column='Patient Age', bands=[0, 60, 120]),
    view='View Position',
)
not_tested = dict(patients, part=([0, 2, 4, 5, 7, 8, 9], 10))

source = dict(patients, seed=seed)
training = dict(source, dataset=dict(not_tested, dataset=train_images))
d0 = dict(training, name='D0', part=([0, 1], 5))
d1 = dict(training, name='D1', part=([2, 3], 5))
train_d0 = dict(d0, labeled_classes=d0_classes)
train_d1 = dict(d1, labeled_classes=d1_classes)
held_out = dict(
    source,
    name='val',
    part=(4, 5),
    dataset=dict(not_tested, dataset=test_images),
    pipeline=test_pipeline,
)
tested = dict(
    patients,
    name='test',
    part=([1, 3, 6], 10),
    dataset=dict(test_images, groups=groups),
    pipeline=test_pipeline,
)

loader = dict(num_workers=0)  # small images
ordered = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='InfiniteSampler'),  # the schedule counts iterations
    dataset=dict(type='ConcatDataset', datasets=[train_d0, train_d1]),
)
val_dataloader = dict(
    loader, batch_size=100, sampler=ordered, dataset=held_out
)
test_dataloader = dict(loader, batch_size=100, sampler=ordered, dataset=tested)
# `mean_of_interest` leaves out the rare findings.
auc = dict(type='PartialLabelAUC', classes_of_interest=measured)
val_evaluator = auc
# The bootstrap draws patients.
test_evaluator = [dict(auc, bootstrap=1000), dict(type='PartialLabelAP')]
auto_scale_lr = dict(base_batch_size=batch_size)
