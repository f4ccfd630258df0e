# Table 8, CheXpert without the adapter: the training of Table 1's 13 classes.
_base_ = '../table01/linear_densenet121_64e_chexpert-13way.py'
