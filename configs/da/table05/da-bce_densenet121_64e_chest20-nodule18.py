# Table 5: Nodule, 13 diseases of ChestX-ray14 and five of CheXpert alone.
_base_ = 'da-bce_densenet121_64e_chestxray14-nodule.py'

five = ('Enlarged Cardiomediastinum', 'Lung Lesion', 'Lung Opacity')
classes = (*_base_.train.classes, *five, 'Pleural Other', 'Fracture')
both = [_base_.train_chestxray, _base_.train_chexpert]
both = [dict(source, classes=classes) for source in both]
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=both)
)
val_dataloader = test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(classes=classes))
