# As linear_small-cnn16_500i_nih64.py, but both sources also annotate "No
# Finding". The rules turn it into negatives of the findings that a source does
# not annotate.
_base_ = ['./linear_small-cnn16_500i_nih64.py']

classes = (*_base_.classes, 'No Finding')
rules = dict(excludes={'No Finding': dict(all_but=[])})

# ChestXray14 does not have the class "No Finding". The table has it.
images = dict(
    type='CSVLabelDataset',
    ann_file='Data_Entry_2017_v2020.csv',
    data_root=_base_.data_root,
    data_prefix='images',
    image_column='Image Index',
    label_column='Finding Labels',
    negative_names=[],
    patient_column='Patient ID',
    pipeline=_base_.train_pipeline,
)
not_tested = dict(
    _base_.not_tested,
    classes=classes,
    aliases={'Pleural_Thickening': 'Pleural Thickening'},
    dataset=images,
)
train = dict(classes=classes, rules=rules, dataset=not_tested)
train_d0 = dict(
    _base_.d0, **train, labeled_classes=[*_base_.d0_classes, 'No Finding']
)
train_d1 = dict(
    _base_.d1, **train, labeled_classes=[*_base_.d1_classes, 'No Finding']
)

train_dataloader = dict(dataset=dict(datasets=[train_d0, train_d1]))
val_dataloader = dict(dataset=dict(classes=classes))
test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(classes=classes))
