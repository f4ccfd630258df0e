# Tables 3 and 4, + adapter: BCE on annotated entries alone.
_base_ = 'assemble.py'

model = dict(data_preprocessor=dict(strong_view=None))
