# mmseg's schedule of 40,000 iterations, and the hooks of segmentation.
_base_ = 'mmseg::_base_/schedules/schedule_40k.py'

# Named, so that a config changes one of them, or drops it with `name=None`.
default_hooks = dict(
    checkpoint=dict(save_best='iou/mean', rule='greater', max_keep_ckpts=2),
    check_label_space=dict(type='CheckLabelSpaceHook'),
    check_finite=dict(type='CheckFiniteHook'),
    run_summary=dict(type='RunSummaryHook', monitor='iou/mean'),
)
