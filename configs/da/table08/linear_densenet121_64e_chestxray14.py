# Table 8, ChestX-ray14 without the adapter: Table 1's 14 classes. All of them
# choose the checkpoint.
_base_ = '../table01/linear_densenet121_64e_chestxray14-14way.py'

val_dataloader = dict(dataset=dict(labeled_classes=None))
