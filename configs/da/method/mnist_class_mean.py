# The recipe with every class of equal weight, however often annotated.
_base_ = '../table12/assemble.py'

model = dict(head=dict(loss=dict(normalize='class')))
