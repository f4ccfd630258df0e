# Tables 3 and 4, + adapter: BCE on annotated entries alone.
_base_ = 'da-recipe_densenet121_64e_chest7-overlap.py'

model = dict(data_preprocessor=dict(strong_view=None))
