# DenseNet121 with a dynamic adapter, weak and strong views: the recipe.
_base_ = 'linear_densenet121.py'

model = dict(
    type='DualViewImageClassifier',
    data_preprocessor=dict(strong_view=_base_.strong_view),
    head=dict(
        type='DynamicAdapterHead',
        loss=dict(tau=0.5, temperature=4.0, strong_bce_weight=1.0),
    ),
)
