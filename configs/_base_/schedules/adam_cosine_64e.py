# The paper's 64 epochs in place of a number of iterations.
_base_ = 'adam_cosine_500.py'

param_scheduler = dict(
    _delete_=True,
    type='CosineAnnealingLR',
    T_max=64,
    convert_to_iter_based=True,
)
train_cfg = dict(_delete_=True, by_epoch=True, max_epochs=64, val_interval=64)
