# The recipe without consistency of the strong view.
_base_ = '../table12/assemble.py'

model = dict(head=dict(loss=dict(consist_weight=0.0)))
