# OrganAMNIST, 28x28 grey. It has the same splits as DermaMNIST. The images are
# not mirrored: six classes are an organ of the left or of the right side.
_base_ = 'dermamnist.py'

name = 'organamnist'
classes = (
    'bladder',
    'femur-left',
    'femur-right',
    'heart',
    'kidney-left',
    'kidney-right',
    'liver',
    'lung-left',
    'lung-right',
    'pancreas',
    'spleen',
)
train_pipeline = [
    step for step in _base_.train_pipeline if step['type'] != 'RandomFlip'
]
train_images = dict(_base_.train_images, name=name, pipeline=train_pipeline)
val_images = dict(_base_.val_images, name=name)
test_images = dict(_base_.test_images, name=name)

train_dataloader = dict(dataset=dict(dataset=train_images, classes=classes))
val_dataloader = dict(dataset=dict(dataset=val_images, classes=classes))
test_dataloader = dict(dataset=dict(dataset=test_images, classes=classes))
