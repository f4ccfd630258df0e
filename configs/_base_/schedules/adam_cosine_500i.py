# Adam with a cosine schedule of 500 iterations, for a small network on a CPU.
# The last weights are tested: no image chooses the checkpoint.
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=4e-3),
    # Adam moves every entry of the task encoding by the same amount. This
    # mixes the kernels of the classes before they are learned, so the
    # encoding learns more slowly.
    paramwise_cfg=dict(custom_keys=dict(task_encoding=dict(lr_mult=0.1))),
)
param_scheduler = dict(type='CosineAnnealingLR', by_epoch=False, T_max=500)
train_cfg = dict(by_epoch=False, max_iters=500, val_interval=500)
val_cfg = dict()
test_cfg = dict()
