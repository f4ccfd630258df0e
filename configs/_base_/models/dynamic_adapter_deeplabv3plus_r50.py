# DeepLabV3+ (ResNet-50) with dynamic adapters; views in separate passes.
_base_ = 'mmseg::_base_/models/deeplabv3plus_r50-d8.py'

# Appearance only: both views share one label map.
strong_view = [
    dict(
        type='ColorJiggle',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0.1,
        p=0.8,
    ),
    dict(type='RandomGrayscale', p=0.2),
    dict(
        type='RandomGaussianBlur', kernel_size=(7, 7), sigma=(0.1, 2.0), p=0.5
    ),
]

sharpening = dict(tau=0.5, temperature=4.0)
model = dict(
    type='DualViewEncoderDecoder',
    data_preprocessor=dict(
        type='DualViewDataPreprocessor',
        size=(512, 1024),
        strong_view=strong_view,
    ),
    decode_head=dict(
        _delete_=True,
        type='DynamicAdapterHead',
        head=_base_.model.decode_head,
        loss_decode=dict(type='PartialBCEPseudoConsistLoss', **sharpening),
    ),
    auxiliary_head=dict(
        _delete_=True,
        type='DynamicAdapterHead',
        head=_base_.model.auxiliary_head,
        # 0.4 of the main head's weights, as in the stock model.
        loss_decode=dict(
            type='PartialBCEPseudoConsistLoss',
            bce_weight=0.4,
            pseudo_weight=0.4,
            consist_weight=0.4,
            **sharpening,
        ),
    ),
)
