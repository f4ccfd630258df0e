# Figure 6, TissueMNIST without the adapter: 2 novel classes, one from Table 7.
_base_ = '../table07/linear_densenet121_64e_tissuemnist-novel1.py'

novel = [*_base_.novel, 'Podocytes']
classes = [name for name in _base_.classes if name not in novel]
known = dict(dataset=dict(dataset=dict(drop=novel), classes=classes))
train_dataloader = val_dataloader = known
test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(classes=classes))
