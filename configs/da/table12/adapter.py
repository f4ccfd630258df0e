# Not in Table 12 but in Tables 3 and 4, + adapter: BCE on annotated entries.
_base_ = 'assemble.py'

model = dict(data_preprocessor=dict(strong_view=None))
