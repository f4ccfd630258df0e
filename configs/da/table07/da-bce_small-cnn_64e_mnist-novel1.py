# Table 7, MNIST with the adapter.
_base_ = 'linear_small-cnn_64e_mnist-novel1.py'

model = dict(head=dict(type='DynamicAdapterHead'))
