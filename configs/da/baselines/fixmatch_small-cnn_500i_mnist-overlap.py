# Table 12's sources, FixMatch: hard pseudo-labels (t = 1) of confident
# answers to the weak view teach the strong view. Labels teach the weak view.
_base_ = '../table12/linear_small-cnn_500i_mnist-overlap.py'

loss = dict(temperature=1.0, confidence=0.95, pseudo_weight=0.0, ramp_up=0.0)
model = dict(
    type='DualViewImageClassifier',
    data_preprocessor=dict(strong_view=_base_.strong_view),
    head=dict(loss=loss),
)
