# ResNet-18 with a quarter of its channels, for 32x32 images, with a dynamic
# adapter, weak and strong views: the recipe.
model = dict(
    type='DualViewImageClassifier',
    data_preprocessor=dict(
        type='DualViewDataPreprocessor',
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        to_rgb=True,
        strong_view=[
            dict(
                type='RandomAffine',
                degrees=15,
                translate=(0.1, 0.1),
                scale=(0.8, 1.2),
                shear=10,
                p=1.0,
            ),
            dict(type='ColorJiggle', brightness=0.3, contrast=0.3, p=0.8),
            dict(type='RandomErasing', scale=(0.02, 0.1), p=0.5),
        ],
    ),
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        stem_channels=16,
        base_channels=16,
        num_stages=4,
        out_indices=(3,),
        style='pytorch',
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='DynamicAdapterHead',
        in_channels=128,
        loss=dict(type='PartialBCEPseudoConsistLoss', strong_bce_weight=1.0),
    ),
)
