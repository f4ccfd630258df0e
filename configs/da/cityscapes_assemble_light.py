# cityscapes_assemble.py with small images: minutes on a CPU.
_base_ = './cityscapes_bus_19way_light.py'

loss = dict(
    exactly_one=True, marginal_weight=1.0, distance='bce', pseudo_weight=0.2
)

halves = [dict(half, dataset=_base_.train_source) for half in _base_.halves]
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=halves)
)
model = dict(
    decode_head=dict(loss_decode=loss), auxiliary_head=dict(loss_decode=loss)
)
