# DenseNet121 with a linear layer: BCE on annotated entries of one view.
# A method with two views takes `strong_view` for the second one.
strong_view = [
    dict(
        type='RandomAffine',
        degrees=15,
        translate=(0.1, 0.1),
        scale=(0.9, 1.1),
        p=0.8,
    ),
    dict(type='ColorJiggle', brightness=0.3, contrast=0.3, p=0.8),
    dict(
        type='RandomGaussianBlur', kernel_size=(7, 7), sigma=(0.1, 2.0), p=0.3
    ),
    dict(type='RandomErasing', scale=(0.02, 0.15), p=0.5),
]
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='DualViewDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
        strong_view=None,
    ),
    backbone=dict(type='DenseNet', arch='121'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='PartialLabelLinearHead',
        in_channels=1024,
        loss=dict(type='PartialBCEPseudoConsistLoss'),
    ),
)
