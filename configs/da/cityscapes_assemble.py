# Not in the paper: one half of the images annotates 5 classes, the other half
# the other 14. The model trains with all loss terms.
_base_ = './cityscapes_bus_19way.py'

# Parameters you are likely to change
tau = 0.5
temperature = 4.0

halves = [dict(half, dataset=_base_.train_source) for half in _base_.halves]
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=halves)
)
sharpening = dict(tau=tau, temperature=temperature)
model = dict(
    data_preprocessor=dict(strong_view=_base_.strong_view),
    decode_head=dict(loss_decode=sharpening),
    auxiliary_head=dict(loss_decode=sharpening),
)
