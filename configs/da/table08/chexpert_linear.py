# Table 8, CheXpert without the adapter: Table 1's model of 13 classes.
_base_ = '../table01/chexpert_13way.py'
