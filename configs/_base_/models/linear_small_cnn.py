# A small network with a linear layer: BCE on annotated entries of one view.
# The network is a ResNet of three narrow stages for grey 28x28 images (44,000
# weights). It stands in for DenseNet121 where there is no GPU.
# A method with two views takes `strong_view` for the second one.
strong_view = [
    dict(
        type='RandomAffine',
        degrees=15,
        translate=(0.1, 0.1),
        scale=(0.8, 1.2),
        shear=10,
        p=1.0,
    ),
    dict(type='RandomBrightness', brightness=(0.7, 1.3), p=0.8),
    dict(type='RandomErasing', scale=(0.02, 0.1), p=0.5),
]
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='DualViewDataPreprocessor',
        mean=[127.5],
        std=[127.5],
        to_rgb=False,
        strong_view=None,
    ),
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        in_channels=1,
        stem_channels=8,
        base_channels=8,
        num_stages=3,
        strides=(2, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
        # Blocks that start as the identity are slow to learn.
        zero_init_residual=False,
        style='pytorch',
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='PartialLabelLinearHead',
        in_channels=32,
        loss=dict(type='PartialBCEPseudoConsistLoss'),
    ),
)
