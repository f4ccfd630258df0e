# Not in the paper: one half of the images annotates 5 classes, the other half
# the other 14. A pixel without an annotated class shows one of the other
# classes. The loss uses that, as in da-recipe_resnet18-small_500i_camvid.py.
_base_ = './cityscapes_bus_19way.py'

halves = [dict(half, dataset=_base_.train_source) for half in _base_.halves]
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=halves)
)
recipe = dict(loss_decode=_base_.recipe_loss)
model = dict(decode_head=recipe, auxiliary_head=recipe)
