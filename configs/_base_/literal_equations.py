# Options of the loss that make a recipe train the paper's equations (2) to
# (6), word for word: model = dict(head=dict(loss=_base_.literal_equations))
literal_equations = dict(
    strong_bce_weight=0.0,
    ramp_up=0.0,
    detach_pseudo=False,
    exactly_one=False,
    marginal_weight=0.0,
    distance='mse',
)
