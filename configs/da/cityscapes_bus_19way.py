# Table 1, first row, and Fig. 8: "bus" by a model that knows all 19 classes.
_base_ = [
    '../_base_/models/dynamic_adapter_deeplabv3plus_r50.py',
    '../_base_/datasets/cityscapes.py',
    '../_base_/schedules/sgd_poly_40k.py',
    '../_base_/seg_runtime.py',
]

# Parameters you are likely to change
thr = 0.0  # a pixel whose best answer is below it is no class

classes = _base_.all_classes
adapter = dict(num_classes=len(classes), classes=classes)

model = dict(
    # Everything is annotated: one view and the supervised term.
    data_preprocessor=dict(strong_view=None),
    decode_head=dict(adapter, thr=thr),
    auxiliary_head=adapter,
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='PartialLabelDataset',
        name='Cityscapes',
        dataset=_base_.train_source,
        classes=classes,
    )
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='PartialLabelDataset',
        name='Cityscapes',
        dataset=_base_.val_source,
        classes=classes,
    )
)
test_dataloader = val_dataloader
