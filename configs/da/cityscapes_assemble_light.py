# cityscapes_assemble.py with small images: minutes on a CPU.
_base_ = './cityscapes_bus_19way_light.py'

halves = [dict(half, dataset=_base_.train_source) for half in _base_.halves]
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=halves)
)
model = dict(data_preprocessor=dict(strong_view=_base_.strong_view))
