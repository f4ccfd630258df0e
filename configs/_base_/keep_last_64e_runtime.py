# The runtime of adam_cosine_64e.py: keep the weights of the last epoch.
_base_ = 'default_runtime.py'

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        _delete_=True,
        type='ResumableCheckpointHook',
        interval=64,
        max_keep_ckpts=1,
    ),
)
