# Table 2, chest X-rays, D0: CheXpert alone, four classes (30,124 labels).
_base_ = [
    '../../_base_/datasets/chest7_disjoint.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = _base_.d0_classes
# CheXpert's Pleural Effusion is none of them, so nothing is renamed.
alone = dict(_delete_=True, classes=classes, aliases={})
train_dataloader = dict(dataset=dict(_base_.train_d0, **alone))
val_dataloader = dict(dataset=dict(_base_.val_d0, **alone))
test_dataloader = dict(dataset=dict(_base_.test_d0, **alone))
model = dict(head=dict(type='DynamicAdapterHead', classes=classes))
