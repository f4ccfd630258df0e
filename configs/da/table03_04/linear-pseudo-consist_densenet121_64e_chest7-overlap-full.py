# Footnote of Tables 3 and 4: full labels and all terms. No entry is left to
# the unsupervised ones, which are 0: it comes to full.py, at twice the cost.
_base_ = 'linear-pseudo-consist_densenet121_64e_chest7-overlap.py'

train_dataloader = dict(
    dataset=dict(datasets=[_base_.train_chexpert, _base_.train_chestxray])
)
