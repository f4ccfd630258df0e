# Table 12, + pseudo-labels and consistency, on a linear layer.
_base_ = 'assemble.py'

model = dict(
    head=dict(type='PartialLabelLinearHead', loss=dict(strong_bce_weight=0.0))
)
