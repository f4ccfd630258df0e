# What every config shares: registration, hooks, seed.
_base_ = 'mmpretrain::_base_/default_runtime.py'

custom_imports = dict(imports=['mmda'])
randomness = dict(seed=0)

# Named, so that a config can change one of them.
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(
        interval=1, max_keep_ckpts=2, save_best='auc/mean', rule='greater'
    ),
    check_label_space=dict(type='CheckLabelSpaceHook'),
    check_finite=dict(type='CheckFiniteHook'),
    label_report=dict(type='LabelReportHook'),
    early_stopping=dict(
        type='PersistentEarlyStoppingHook',
        monitor='auc/mean',
        rule='greater',
        patience=10,
    ),
    validate_on_resume=dict(type='ValidateOnResumeHook'),
    run_summary=dict(type='RunSummaryHook'),
)
