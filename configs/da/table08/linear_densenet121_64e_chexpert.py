# Table 8, CheXpert without the adapter: Table 1's model of 13 classes.
_base_ = '../table01/linear_densenet121_64e_chexpert-13way.py'
