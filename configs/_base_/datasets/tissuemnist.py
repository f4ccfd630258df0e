# TissueMNIST, 28x28 grey. It has the same splits and pipelines as DermaMNIST.
_base_ = 'dermamnist.py'

name = 'tissuemnist'
classes = (
    'Collecting Duct, Connecting Tubule',
    'Distal Convoluted Tubule',
    'Glomerular endothelial cells',
    'Interstitial endothelial cells',
    'Leukocytes',
    'Podocytes',
    'Proximal Tubule Segments',
    'Thick Ascending Limb',
)
train_images = dict(_base_.train_images, name=name)
val_images = dict(_base_.val_images, name=name)
test_images = dict(_base_.test_images, name=name)

train_dataloader = dict(dataset=dict(dataset=train_images, classes=classes))
val_dataloader = dict(dataset=dict(dataset=val_images, classes=classes))
test_dataloader = dict(dataset=dict(dataset=test_images, classes=classes))
