# Table 2, chest X-rays, D1: ChestX-ray14 alone, three classes (22,593 labels).
_base_ = [
    '../../_base_/datasets/chest7_disjoint.py',
    '../../_base_/models/linear_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

classes = _base_.d1_classes
alone = dict(_delete_=True, classes=classes)
train_dataloader = dict(dataset=dict(_base_.train_d1, **alone))
val_dataloader = dict(dataset=dict(_base_.val_d1, **alone))
test_dataloader = dict(dataset=dict(_base_.test_d1, **alone))
model = dict(head=dict(type='DynamicAdapterHead', classes=classes))
