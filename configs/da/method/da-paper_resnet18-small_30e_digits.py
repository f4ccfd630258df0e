# The literal equations (2) to (6): no label on the strong view, no ramp-up,
# gradients through the pseudo-label.
_base_ = '../digits.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(loss=loss))
