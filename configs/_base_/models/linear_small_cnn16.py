# The small network for photographs: 16 channels in its first stage, images of
# three channels (177,000 weights).
# A method with two views takes `strong_view` for the second one.
_base_ = 'linear_small_cnn.py'

strong_view = _base_.strong_view
model = dict(
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(in_channels=3, stem_channels=16, base_channels=16),
    head=dict(in_channels=64),
)
