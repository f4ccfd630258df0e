# DenseNet121 with a linear layer and one view: BCE on annotated entries.
_base_ = 'dynamic_adapter_densenet121.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
