# Table 7, CIFAR-10 with the adapter: cats are in the test images alone.
_base_ = [
    '../../_base_/datasets/cifar10.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

novel = ['cat']
classes = [name for name in _base_.classes if name not in novel]
known = dict(type='ClassFilter', drop=novel)
# Halved before it is filtered, so that no image is in the other half, too.
half = dict(_base_.source, dataset=_base_.test_images, part=(0, 2))

train_dataloader = dict(
    dataset=dict(
        dataset=dict(known, _delete_=True, dataset=_base_.train_images),
        classes=classes,
    )
)
val_dataloader = dict(
    dataset=dict(
        _base_.source,
        _delete_=True,
        dataset=dict(known, dataset=half),
        classes=classes,
    )
)
test_dataloader = dict(dataset=dict(classes=classes))
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='NovelClassAUC')]
# Every class of the label space is annotated in every image: BCE is all.
model = dict(
    data_preprocessor=dict(to_rgb=False, strong_view=None),  # RGB images
    head=dict(num_classes=len(classes), classes=classes),
)
