# The runtime of adam_cosine_500i.py for segmentation: keep the weights of the
# last iteration.
_base_ = 'seg_default_runtime.py'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='ResumableCheckpointHook',
        by_epoch=False,
        interval=500,
        max_keep_ckpts=1,
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Hooks of mmda
    check_label_space=dict(type='CheckLabelSpaceHook'),
    check_finite=dict(type='CheckFiniteHook'),
    validate_on_resume=dict(type='ValidateOnResumeHook'),
    run_summary=dict(type='RunSummaryHook', monitor='iou/mean'),
    run_report=dict(type='RunReportHook', monitor='iou/mean'),
)
