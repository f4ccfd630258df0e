# What every segmentation config shares: registration, hooks, seed.
_base_ = 'mmseg::_base_/default_runtime.py'

custom_imports = dict(imports=['mmda'])
randomness = dict(seed=0)
# The test keeps images apart, so that each has its own size.
env_cfg = dict(cudnn_benchmark=True)

# Named, so that a config changes one of them, or drops it with `name=None`.
default_hooks = dict(
    checkpoint=dict(save_best='iou/mean', rule='greater', max_keep_ckpts=2),
    check_label_space=dict(type='CheckLabelSpaceHook'),
    check_finite=dict(type='CheckFiniteHook'),
    run_summary=dict(type='RunSummaryHook', monitor='iou/mean'),
)
