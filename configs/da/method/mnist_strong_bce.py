# The strong view supervised, nothing else: a linear layer, BCE on both views.
_base_ = 'mnist_linear.py'

loss = dict(pseudo_weight=0.0, consist_weight=0.0)
model = dict(head=dict(loss=loss))
