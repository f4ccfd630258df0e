# The recipe on ChestX-ray14 and CheXpert, 20 classes: Tables 6 and 9 with the
# recipe in place of the paper's equations.
_base_ = [
    '../_base_/datasets/chest20.py',
    '../_base_/models/dynamic_adapter_densenet121.py',
    '../_base_/schedules/adam_plateau_64e.py',
    '../_base_/default_runtime.py',
]

# Parameters you are likely to change
tau = 0.5
temperature = 4.0

model = dict(
    head=dict(
        classes=_base_.classes,
        loss=dict(tau=tau, temperature=temperature),
    ),
)
