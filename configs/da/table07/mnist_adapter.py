# Table 7, MNIST with the adapter.
_base_ = 'mnist_linear.py'

model = dict(head=dict(type='DynamicAdapterHead'))
