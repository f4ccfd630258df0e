# The runtime of short trainings that count iterations (adam_cosine_500.py).
_base_ = 'default_runtime.py'

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        _delete_=True,
        type='CheckpointHook',
        by_epoch=False,
        interval=500,
        max_keep_ckpts=1,
    ),
    # A single validation, at the end: nothing to stop early.
)
log_processor = dict(by_epoch=False)
