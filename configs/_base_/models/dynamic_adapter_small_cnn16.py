# The small network for photographs with a dynamic adapter, weak and strong
# views: the recipe.
_base_ = 'linear_small_cnn16.py'

model = dict(
    type='DualViewImageClassifier',
    data_preprocessor=dict(strong_view=_base_.strong_view),
    head=dict(type='DynamicAdapterHead', loss=dict(strong_bce_weight=1.0)),
)
