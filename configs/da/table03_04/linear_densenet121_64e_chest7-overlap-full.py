# Tables 3 and 4, last column: all seven classes annotated (105,434 labels).
_base_ = 'linear_densenet121_64e_chest7-overlap.py'

train_dataloader = dict(
    dataset=dict(datasets=[_base_.train_chexpert, _base_.train_chestxray])
)
