# Section 5.5 (3): DoDNet's controller on ChestX-ray14 and CheXpert. It asks
# one question per pass, so 20 passes stand for one epoch of the others.
_base_ = 'linear_densenet121_64e_chest20.py'

passes = len(_base_.classes)
model = dict(head=dict(type='DoDNetHead'))
train_cfg = dict(max_epochs=64 * passes, val_interval=passes)
default_hooks = dict(checkpoint=dict(interval=passes))
