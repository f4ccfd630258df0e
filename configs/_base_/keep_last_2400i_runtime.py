# The runtime of adam_cosine_2400i.py: keep the weights of the last iteration.
_base_ = 'keep_last_500i_runtime.py'

default_hooks = dict(checkpoint=dict(interval=2400))
# A CPU then trains these networks in three quarters of the time.
custom_hooks = [dict(type='ChannelsLastHook')]
