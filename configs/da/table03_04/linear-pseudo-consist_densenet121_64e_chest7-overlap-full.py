# Tables 3 and 4, footnote: full labels, + pseudo + consist. Every entry is
# annotated, so the unsupervised terms are 0 and cost time only.
_base_ = 'linear-pseudo-consist_densenet121_64e_chest7-overlap.py'

both = [_base_.train_chexpert, _base_.train_chestxray]
train_dataloader = dict(dataset=dict(datasets=both))
