# Table 10, last row: the paper's equations (2) to (6).
_base_ = 'da-recipe_densenet121_64e_chest20-official-val.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(loss=loss))
