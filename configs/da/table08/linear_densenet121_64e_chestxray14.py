# Table 8, ChestX-ray14 without the adapter: Table 1's model of 14 classes,
# with all of them choosing the checkpoint.
_base_ = '../table01/linear_densenet121_64e_chestxray14-14way.py'

val_dataloader = dict(dataset=dict(labeled_classes=None))
