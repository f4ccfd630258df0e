# Table 1, MNIST: 0 against the rest, on the images of the 10-way training.
_base_ = 'linear_small-cnn_64e_mnist-10way.py'

classes = [_base_.class_of_interest]
data = dict(dataset=dict(classes=classes))
train_dataloader = val_dataloader = test_dataloader = data
model = dict(head=dict(classes=classes))
