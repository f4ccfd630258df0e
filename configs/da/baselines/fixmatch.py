# Table 12's sources, FixMatch: hard pseudo-labels (t = 1) of confident answers
# to the weak view teach the strong view, labels teach the weak view.
_base_ = '../table12/pseudo_consist.py'

loss = dict(temperature=1.0, confidence=0.95, pseudo_weight=0.0, ramp_up=0.0)
model = dict(head=dict(loss=loss))
