# Not in Table 12 but in Tables 3 and 4, + adapter: BCE on annotated entries.
_base_ = 'da-recipe_small-cnn_500i_mnist-overlap.py'

model = dict(data_preprocessor=dict(strong_view=None))
