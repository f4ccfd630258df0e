# Section 5.5 (3): DoDNet's controller on ChestX-ray14 alone. The paper has
# 80.5 for it, and 81.6 for the adapter (Table 8). 14 passes are one epoch.
_base_ = '../table08/linear_densenet121_64e_chestxray14.py'

passes = len(_base_.classes)
model = dict(head=dict(type='DoDNetHead'))
train_cfg = dict(max_epochs=64 * passes, val_interval=passes)
default_hooks = dict(checkpoint=dict(interval=passes))
