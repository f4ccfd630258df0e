# Table 8, MNIST-multi with the adapter.
_base_ = 'linear_small-cnn_500i_mnist-multi.py'

model = dict(head=dict(type='DynamicAdapterHead'))
