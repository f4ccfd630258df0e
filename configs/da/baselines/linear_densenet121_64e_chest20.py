# As chestxray_chexpert.py, a linear layer, BCE on annotated entries.
_base_ = '../chestxray_chexpert.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
