# Tables 3 and 4, + adapter: BCE on annotated entries.
_base_ = 'linear_densenet121_64e_chest7-overlap.py'

model = dict(head=dict(type='DynamicAdapterHead'))
