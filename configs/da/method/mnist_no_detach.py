# The recipe with gradients through the pseudo-label.
_base_ = '../table12/assemble.py'

model = dict(head=dict(loss=dict(detach_pseudo=False)))
