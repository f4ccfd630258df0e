# Table 8, MNIST-multi with the adapter.
_base_ = 'mnist_multi_linear.py'

model = dict(head=dict(type='DynamicAdapterHead'))
