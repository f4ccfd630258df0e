# The small network for photographs: 16 channels in its first stage, images of
# three channels (177,000 weights).
# A method with two views takes `strong_view` for the second one.
_base_ = 'linear_small_cnn.py'

# That of `linear_small_cnn.py` is for grey images. This one changes colours.
strong_view = [
    _base_.strong_view[0],
    dict(
        type='ColorJiggle',
        brightness=(0.6, 1.4),
        contrast=(0.6, 1.4),
        saturation=(0.5, 1.5),
        hue=(-0.05, 0.05),
        p=0.8,
    ),
    _base_.strong_view[2],
]
model = dict(
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(in_channels=3, stem_channels=16, base_channels=16),
    head=dict(in_channels=64),
)
