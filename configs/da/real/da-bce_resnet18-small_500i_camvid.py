# CamVid, two sources of different drives and classes: BCE where annotated.
_base_ = [
    '../../_base_/models/dynamic_adapter_deeplabv3plus_r18_small.py',
    '../../_base_/datasets/camvid.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/seg_keep_last_500i_runtime.py',
]

model = dict(
    data_preprocessor=dict(size=_base_.crop_size, strong_view=None),
    decode_head=dict(classes=_base_.all_classes),
)
# At a lower rate this network learns the rarer classes too slowly.
optim_wrapper = dict(optimizer=dict(lr=1e-2))
