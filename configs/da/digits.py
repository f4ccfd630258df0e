# The recipe on scikit-learn's digits, two sources with partial labels: Table
# 12 in small, one to three minutes on a CPU.
_base_ = [
    '../_base_/datasets/digits7.py',
    '../_base_/models/dynamic_adapter_resnet18_small.py',
    '../_base_/schedules/adam_plateau_64e.py',
    '../_base_/default_runtime.py',
]

# Parameters you are likely to change
max_epochs = 30
lr = 2e-3

model = dict(head=dict(classes=_base_.classes))
optim_wrapper = dict(optimizer=dict(lr=lr))
train_cfg = dict(max_epochs=max_epochs)
