# CamVid, two sources of different drives and classes: BCE where annotated.
_base_ = [
    '../../_base_/models/dynamic_adapter_deeplabv3plus_r18_small.py',
    '../../_base_/datasets/camvid.py',
    '../../_base_/schedules/sgd_poly_40k.py',
    '../../_base_/seg_default_runtime.py',
]

# Parameters you are likely to change
max_iters = 600
lr = 3e-3

adapter = dict(classes=_base_.all_classes)
model = dict(
    data_preprocessor=dict(size=_base_.crop_size, strong_view=None),
    decode_head=adapter,
)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=lr, weight_decay=1e-4),
    # See adam_cosine_500i.py
    paramwise_cfg=dict(custom_keys=dict(task_encoding=dict(lr_mult=0.1))),
)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-5,
        power=0.9,
        begin=0,
        end=max_iters,
        by_epoch=False,
    )
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
# The last weights are tested: no image chooses the checkpoint.
default_hooks = dict(
    checkpoint=dict(
        _delete_=True,
        type='CheckpointHook',
        by_epoch=False,
        interval=max_iters,
        max_keep_ckpts=1,
    )
)
