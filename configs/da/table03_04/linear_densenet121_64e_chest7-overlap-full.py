# Tables 3 and 4, last column: every class is annotated in both (105,434
# labels).
_base_ = 'linear_densenet121_64e_chest7-overlap.py'

both = [_base_.train_chexpert, _base_.train_chestxray]
train_dataloader = dict(dataset=dict(datasets=both))
