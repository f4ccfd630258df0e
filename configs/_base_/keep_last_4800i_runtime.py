# The runtime of adam_cosine_4800i.py: keep the weights of the last iteration.
_base_ = 'keep_last_2400i_runtime.py'

default_hooks = dict(checkpoint=dict(interval=4800))
