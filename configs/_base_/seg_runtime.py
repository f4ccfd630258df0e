# What every segmentation config shares: registration, seed.
_base_ = 'mmseg::_base_/default_runtime.py'

custom_imports = dict(imports=['mmda'])
randomness = dict(seed=0)
# Averages answers, not the softmax over classes.
tta_model = dict(type='PartialLabelSegTTAModel')
