# cityscapes_assemble.py with small images: minutes on a CPU.
_base_ = './cityscapes_bus_19way_light.py'

halves = [dict(half, dataset=_base_.train_source) for half in _base_.halves]
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=halves)
)
recipe = dict(loss_decode=_base_.recipe_loss)
model = dict(decode_head=recipe, auxiliary_head=recipe)
