# Table 12, + pseudo + consist: the paper's equations on a linear layer.
_base_ = 'da-paper_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
