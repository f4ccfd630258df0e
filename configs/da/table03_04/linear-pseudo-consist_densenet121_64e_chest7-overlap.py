# Tables 3 and 4, + pseudo + consist: the paper's equations on a linear layer.
_base_ = 'da-paper_densenet121_64e_chest7-overlap.py'

model = dict(head=dict(type='PartialLabelLinearHead'))
