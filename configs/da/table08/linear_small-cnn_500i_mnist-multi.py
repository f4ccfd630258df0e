# Table 8, MNIST-multi without the adapter: a training image shows one digit,
# a test image two, each squeezed to half its width (appendix C.4). The paper
# gives no number of images. Ours are 600 as in Table 7, and 10,000 pairs.
_base_ = [
    '../../_base_/datasets/mnist.py',
    '../../_base_/models/linear_small_cnn.py',
    '../../_base_/schedules/adam_cosine_500i.py',
    '../../_base_/keep_last_500i_runtime.py',
]

# Parameters you are likely to change
num_samples = 600
num_pairs = 10000

pairs = dict(
    _delete_=True,
    type='ImagePairs',
    dataset=_base_.test_images,
    num_pairs=num_pairs,
)
train_dataloader = dict(
    sampler=dict(type='InfiniteSampler'),  # the schedule counts iterations
    dataset=dict(num_samples=num_samples),
)
test_dataloader = dict(dataset=dict(dataset=pairs))
model = dict(head=dict(classes=_base_.classes))
