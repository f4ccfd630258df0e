# Table 2, chest X-rays, D0 & D1: the paper's equations (52,717 labels).
_base_ = 'da-recipe_densenet121_64e_chest7-disjoint.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(loss=loss))
