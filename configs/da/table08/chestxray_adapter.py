# Table 8, ChestX-ray14 with the adapter.
_base_ = 'chestxray_linear.py'

model = dict(head=dict(type='DynamicAdapterHead'))
