# Table 1, CIFAR-10: cat, all ten classes annotated.
_base_ = [
    '../../_base_/datasets/cifar10.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes_of_interest = ('cat',)
# The class of interest chooses the checkpoint.
val_dataloader = dict(dataset=dict(labeled_classes=classes_of_interest))
test_evaluator = dict(classes_of_interest=classes_of_interest)
model = dict(
    data_preprocessor=dict(to_rgb=False),  # the images are RGB
    head=dict(classes=_base_.classes),
)
