# What every segmentation config shares. The values come from mmseg 1.x,
# `_base_/default_runtime.py`, except for the last three entries.
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer'
)
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False

custom_imports = dict(imports=['mmda'])
randomness = dict(seed=0)
# Averages the answers of the flipped and scaled images.
tta_model = dict(type='PartialLabelSegTTAModel')
