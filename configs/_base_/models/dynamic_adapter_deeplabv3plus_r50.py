# DeepLabV3+ (ResNet-50) with dynamic adapters, weak and strong views.
_base_ = 'deeplabv3plus_r50-d8.py'

# The strong view changes colours only, because both views share a label map.
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
# The recipe for label maps, for a config to use: a pixel without an annotated
# class shows one of the other classes. One view is enough.
recipe_loss = dict(
    exactly_one=True, marginal_weight=1.0, distance='bce', pseudo_weight=0.2
)
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
        # As in the stock model, this head weighs 0.4 of the main one.
        loss_decode=dict(
            type='PartialBCEPseudoConsistLoss',
            loss_weight=0.4,
            **sharpening,
        ),
    ),
)
