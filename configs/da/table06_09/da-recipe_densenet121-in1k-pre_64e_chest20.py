# chestxray_chexpert.py from ImageNet weights, which mmengine downloads.
_base_ = '../chestxray_chexpert.py'

pretrained = 'https://download.openmmlab.com/mmclassification/v0/densenet/densenet121_4xb256_in1k_20220426-07450f99.pth'  # noqa: E501

model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint=pretrained, prefix='backbone'
        )
    )
)
