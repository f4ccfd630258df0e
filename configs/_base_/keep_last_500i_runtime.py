# The runtime of adam_cosine_500i.py: keep the weights of the last iteration.
_base_ = 'default_runtime.py'

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        _delete_=True,
        type='ResumableCheckpointHook',
        by_epoch=False,
        interval=500,
        max_keep_ckpts=1,
    ),
)
log_processor = dict(by_epoch=False)
