# adam_cosine_500i.py with 2,400 iterations, for images that a short training
# underfits. Options for another length N:
# train_cfg.max_iters=N param_scheduler.T_max=N
_base_ = 'adam_cosine_500i.py'

param_scheduler = dict(T_max=2400)
train_cfg = dict(max_iters=2400, val_interval=2400)
