# The runtime of trainings that keep the last weights (adam_cosine_64e.py).
_base_ = 'default_runtime.py'

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        _delete_=True, type='CheckpointHook', interval=64, max_keep_ckpts=1
    ),
)
