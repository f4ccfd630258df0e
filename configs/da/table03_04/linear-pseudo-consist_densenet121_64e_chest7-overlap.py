# Tables 3 and 4, + pseudo-labels and consistency, on a linear layer.
_base_ = 'da-recipe_densenet121_64e_chest7-overlap.py'

loss = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
model = dict(head=dict(type='PartialLabelLinearHead', loss=loss))
