# The paper's 64 epochs for small images and networks on a CPU: Adam with a
# cosine schedule. The last weights are tested: no image chooses among
# checkpoints. The encoding's rate: see adam_short.py.
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=4e-3),
    paramwise_cfg=dict(custom_keys=dict(task_encoding=dict(lr_mult=0.1))),
)
param_scheduler = dict(
    type='CosineAnnealingLR', T_max=64, convert_to_iter_based=True
)
train_cfg = dict(by_epoch=True, max_epochs=64, val_interval=64)
val_cfg = dict()
test_cfg = dict()
