# cityscapes_bus_5way.py with small images: minutes on a CPU.
_base_ = './cityscapes_bus_19way_light.py'

# Parameters you are likely to change
thr = 0.5  # a pixel of another class is "none"

classes = _base_.five_classes
adapter = dict(classes=classes)

model = dict(decode_head=dict(adapter, thr=thr), auxiliary_head=adapter)
train_dataloader = dict(dataset=dict(classes=classes))
val_dataloader = dict(
    dataset=dict(classes=classes, background_classes=_base_.other_classes)
)
test_dataloader = val_dataloader
