# Adam with a cosine schedule of 64 epochs, the paper's length of a training.
_base_ = 'adam_cosine_500i.py'

param_scheduler = dict(
    _delete_=True,
    type='CosineAnnealingLR',
    T_max=64,
    convert_to_iter_based=True,
)
train_cfg = dict(_delete_=True, by_epoch=True, max_epochs=64, val_interval=64)
