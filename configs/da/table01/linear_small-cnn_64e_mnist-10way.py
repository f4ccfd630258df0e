# Table 1, MNIST: 0, all ten digits annotated. The paper gives no number of
# images. Ours are 300, as in Table 2.
_base_ = [
    '../../_base_/datasets/mnist.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_64e.py',
    '../../_base_/keep_last_64e_runtime.py',
]

# Parameters you are likely to change
class_of_interest = '0'

of_interest = dict(
    type='PartialLabelAUC', classes_of_interest=[class_of_interest]
)
val_evaluator = of_interest
test_evaluator = [of_interest, dict(type='PartialLabelAP')]
model = dict(head=dict(classes=_base_.classes))
