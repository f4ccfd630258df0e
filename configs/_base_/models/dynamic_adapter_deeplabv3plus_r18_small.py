# DeepLabV3+ with a narrow ResNet-18 of three stages, for small images and a
# CPU: 0.2 million weights. No auxiliary head.
_base_ = 'dynamic_adapter_deeplabv3plus_r50.py'

norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    pretrained=None,
    backbone=dict(
        depth=18,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        stem_channels=16,
        base_channels=16,
        norm_cfg=norm_cfg,
        # A short training is slow to leave the identity.
        zero_init_residual=False,
    ),
    decode_head=dict(
        head=dict(
            in_channels=64,
            in_index=2,
            channels=32,
            dilations=(1, 2, 3),
            c1_in_channels=16,
            c1_channels=8,
            norm_cfg=norm_cfg,
        )
    ),
    auxiliary_head=None,
)
