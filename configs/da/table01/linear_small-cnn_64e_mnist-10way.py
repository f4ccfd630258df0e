# Table 1, MNIST: all ten digits annotated; auc/mean_of_interest is that of 0.
# The paper does not say how many images it takes; 300 as in its Table 2.
_base_ = [
    '../../_base_/datasets/mnist.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_64e.py',
    '../../_base_/keep_last_64e_runtime.py',
]

# Parameters you are likely to change
class_of_interest = '0'

model = dict(head=dict(num_classes=len(_base_.digits), classes=_base_.digits))
of_interest = dict(
    type='PartialLabelAUC', classes_of_interest=[class_of_interest]
)
val_evaluator = of_interest
test_evaluator = [of_interest, dict(type='PartialLabelAP')]
