# 40,000 iterations of SGD, and the hooks of segmentation. The values are those
# of mmseg 1.x, `_base_/schedules/schedule_40k.py`, with more hooks.
optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=None)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=1e-4,
        power=0.9,
        begin=0,
        end=40000,
        by_epoch=False,
    )
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=40000, val_interval=4000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# A config changes a hook by its name, and drops it with `name=None`.
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='ResumableCheckpointHook',
        by_epoch=False,
        interval=4000,
        save_best='iou/mean',
        rule='greater',
        max_keep_ckpts=2,
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    # Hooks of mmda
    check_label_space=dict(type='CheckLabelSpaceHook'),
    check_finite=dict(type='CheckFiniteHook'),
    validate_on_resume=dict(type='ValidateOnResumeHook'),
    run_summary=dict(type='RunSummaryHook', monitor='iou/mean'),
    run_report=dict(type='RunReportHook', monitor='iou/mean'),
)
