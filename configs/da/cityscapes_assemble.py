# Half the images with 5, half with the other 14 classes annotated: all losses.
_base_ = './cityscapes_bus_19way.py'

# Parameters you are likely to change
tau = 0.5
temperature = 4.0
seed = 0  # of the halves

half = dict(
    type='PartialLabelDataset',
    dataset=_base_.train_source,
    classes=_base_.classes,
    seed=seed,
)
five = dict(
    half, name='five', labeled_classes=_base_.five_classes, part=(0, 2)
)
fourteen = dict(
    half, name='fourteen', labeled_classes=_base_.other_classes, part=(1, 2)
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='ConcatDataset', datasets=[five, fourteen]
    )
)
sharpening = dict(tau=tau, temperature=temperature)
model = dict(
    data_preprocessor=dict(strong_view=_base_.strong_view),
    decode_head=dict(loss_decode=sharpening),
    auxiliary_head=dict(loss_decode=sharpening),
)
