# Tables 3 and 4's column '+ adapter' for MNIST: BCE on annotated entries.
_base_ = 'linear_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(type='DynamicAdapterHead'))
