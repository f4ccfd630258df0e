# cityscapes_bus_19way.py with images of 256x128 pixels: minutes on a CPU.
_base_ = './cityscapes_bus_19way.py'

# Parameters you are likely to change
max_iters = 400
lr = 3e-3
batch_size = 8
scale = (256, 128)  # width, height
crop_size = (96, 192)  # height, width

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=scale,
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    _base_.tta_pipeline[-1],  # more scales and a flip
]
train_source = dict(pipeline=train_pipeline)
train_dataloader = dict(
    batch_size=batch_size, dataset=dict(dataset=train_source)
)
val_dataloader = dict(
    batch_size=batch_size, num_workers=2, dataset=dict(pipeline=test_pipeline)
)
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=batch_size)

norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    pretrained=None,
    data_preprocessor=dict(size=crop_size),
    backbone=dict(
        depth=18, stem_channels=16, base_channels=16, norm_cfg=norm_cfg
    ),
    decode_head=dict(
        head=dict(
            in_channels=128,
            channels=64,
            dilations=(1, 3, 6, 9),
            c1_in_channels=16,
            c1_channels=16,
            norm_cfg=norm_cfg,
        )
    ),
    auxiliary_head=dict(
        head=dict(in_channels=64, channels=32, norm_cfg=norm_cfg)
    ),
)

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=lr, weight_decay=1e-4)
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
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 4)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=max_iters // 4)
)
