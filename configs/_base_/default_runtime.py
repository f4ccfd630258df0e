# What every classification config shares. The values come from mmpretrain
# 1.x, `_base_/default_runtime.py`, with more hooks.
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmda'])
randomness = dict(seed=0, deterministic=False)

# A config changes a hook by its name, and drops it with `name=None`.
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='ResumableCheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='auc/mean',
        rule='greater',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='VisualizationHook', enable=False),
    # Hooks of mmda
    check_label_space=dict(type='CheckLabelSpaceHook'),
    check_finite=dict(type='CheckFiniteHook'),
    label_report=dict(type='LabelReportHook'),
    early_stopping=dict(
        type='PersistentEarlyStoppingHook',
        monitor='auc/mean',
        rule='greater',
        patience=10,
        min_delta=0.001,  # AUC in %; the default of the host is 0.1
    ),
    validate_on_resume=dict(type='ValidateOnResumeHook'),
    run_summary=dict(type='RunSummaryHook'),
    run_report=dict(type='RunReportHook'),
)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
