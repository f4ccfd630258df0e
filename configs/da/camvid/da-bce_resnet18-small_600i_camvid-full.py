# CamVid, the frames of da-bce_resnet18-small_600i_camvid.py, all annotated.
_base_ = './da-bce_resnet18-small_600i_camvid.py'

sources = [dict(s, labeled_classes=None) for s in _base_.train_sources]
train_dataloader = dict(dataset=dict(datasets=sources))
