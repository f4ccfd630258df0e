# Section 5.5 (3): DoDNet's controller on chest X-rays. It asks one question
# per pass, so what is an epoch for the others is 20 passes here.
_base_ = 'linear_densenet121_64e_chest20.py'

passes = len(_base_.classes)
model = dict(head=dict(type='DoDNetHead'))
train_cfg = dict(max_epochs=64 * passes, val_interval=passes)
default_hooks = dict(checkpoint=dict(interval=passes))
