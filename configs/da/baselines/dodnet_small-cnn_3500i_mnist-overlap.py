# Table 12's sources, DoDNet's controller. It asks one question per pass, so it
# has seven times the iterations.
_base_ = '../table12/linear_small-cnn_500i_mnist-overlap.py'

model = dict(head=dict(type='DoDNetHead'))
max_iters = len(_base_.classes) * _base_.train_cfg.max_iters
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = dict(T_max=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters))
