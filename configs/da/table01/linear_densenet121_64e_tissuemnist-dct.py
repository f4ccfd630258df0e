# Table 1, TissueMNIST: distal convoluted tubule against the rest.
_base_ = 'linear_densenet121_64e_tissuemnist-8way.py'

classes = _base_.classes_of_interest
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(classes=classes))
