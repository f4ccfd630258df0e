# Section 4.2 of the paper: Adam 2e-4, halved on a plateau, at most 64 epochs.
# default_runtime.py stops the training after 10 epochs without progress.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=2e-4))
param_scheduler = dict(
    type='ReduceOnPlateauLR',
    monitor='auc/mean',
    rule='greater',
    factor=0.5,
    patience=5,
)
train_cfg = dict(by_epoch=True, max_epochs=64, val_interval=1)
val_cfg = dict()
test_cfg = dict()
