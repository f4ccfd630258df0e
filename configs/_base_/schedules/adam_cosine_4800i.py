# adam_cosine_500i.py with 4,800 iterations, for two sources and two views.
# Options for another length: see there.
_base_ = 'adam_cosine_500i.py'

param_scheduler = dict(T_max=4800)
train_cfg = dict(max_iters=4800, val_interval=4800)
