# Tables 3 and 4 with the recipe of this project, which the paper does not
# have.
_base_ = [
    '../../_base_/datasets/chest7_overlap.py',
    '../../_base_/models/dynamic_adapter_densenet121.py',
    '../../_base_/schedules/adam_plateau_64e.py',
    '../../_base_/default_runtime.py',
]

model = dict(head=dict(classes=_base_.classes))
