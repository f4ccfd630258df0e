# 1,000 chest X-rays: the paper's equations (2) to (6).
_base_ = 'da-recipe_small-cnn16_500i_nih64.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(loss=loss))
