# The small network with a linear layer and one view: BCE on annotated entries.
_base_ = 'dynamic_adapter_small_cnn.py'

model = dict(
    data_preprocessor=dict(strong_view=None),
    head=dict(type='PartialLabelLinearHead'),
)
