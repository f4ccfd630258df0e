# Tables 3 and 4, last column: all seven classes annotated (105,434 labels).
_base_ = 'bce.py'

train_dataloader = dict(
    dataset=dict(datasets=[_base_.train_chexpert, _base_.train_chestxray])
)
