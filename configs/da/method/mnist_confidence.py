# The recipe with FixMatch's confidence mask.
_base_ = '../table12/assemble.py'

model = dict(head=dict(loss=dict(confidence=0.95)))
