# CamVid, the paper's equations (2) to (6), word for word.
_base_ = 'da-bce_resnet18-small_500i_camvid.py'

model = dict(
    data_preprocessor=dict(strong_view=_base_.strong_view),
    decode_head=dict(loss_decode=dict(ramp_up=0, detach_pseudo=False)),
)
