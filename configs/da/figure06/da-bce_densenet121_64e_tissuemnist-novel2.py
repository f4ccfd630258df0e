# Figure 6, TissueMNIST with the adapter: 2 novel classes, one is Table 7's.
_base_ = '../table07/da-bce_densenet121_64e_tissuemnist-novel1.py'

novel = [*_base_.novel, 'Podocytes']
classes = [name for name in _base_.classes if name not in novel]
known = dict(dataset=dict(dataset=dict(drop=novel), classes=classes))
train_dataloader = val_dataloader = known
test_dataloader = dict(dataset=dict(classes=classes))
model = dict(head=dict(num_classes=len(classes), classes=classes))
