# CIFAR-10, overlap labels: the paper's equations (2) to (6).
_base_ = 'da-recipe_small-cnn16_4800i_cifar10-overlap.py'

loss = dict(
    strong_bce_weight=0.0,
    ramp_up=0.0,
    detach_pseudo=False,
    exactly_one=False,
    marginal_weight=0.0,
    distance='mse',
)
model = dict(head=dict(loss=loss))
