# Three domains of handwritten digits: MNIST, USPS and scikit-learn's digits,
# grey, 28x28 pixels. Each source has 300 images and annotates five digits.
# Only one source annotates 1, 2, 5, 8 and 9. All ten digits are tested in each
# domain, so half of them are annotated only elsewhere.
# Layout: data_root/mnist/ as in mnist.py, data_root/usps/usps.npz.
data_root = 'data/'
num_samples = 300  # of each source
seed = 0  # of the images that are drawn
batch_size = 64

classes = ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
mnist_classes = ['0', '1', '2', '3', '4']
usps_classes = ['3', '4', '5', '6', '7']
digits_classes = ['6', '7', '8', '9', '0']

resize = dict(type='Resize', scale=(28, 28))
to_grey = dict(type='RandomGrayscale', prob=1.0)
crop = dict(type='RandomCrop', crop_size=28, padding=2)
pack = dict(type='PackInputs')
train_pipeline = [resize, crop, pack]
test_pipeline = [resize, pack]

mnist = dict(type='LocalMNIST', data_root=data_root + 'mnist')
usps = dict(
    type='NpzImages',
    data_root=data_root + 'usps',
    file='usps.npz',
    image_key='{split}_image',
    label_key='{split}_label',
    classes=classes,
)
digits = dict(type='Digits')  # three equal channels

training = dict(split='train', pipeline=train_pipeline)
# Other parts of the training images of MNIST and USPS validate.
held_out = dict(split='train', test_mode=True, pipeline=test_pipeline)
testing = dict(held_out, split='test')
grey_training = dict(training, pipeline=[to_grey, *train_pipeline])
grey_testing = dict(testing, pipeline=[to_grey, *test_pipeline])

source = dict(type='PartialLabelDataset', classes=classes)
of_mnist = dict(source, name='MNIST')
of_usps = dict(source, name='USPS')
of_digits = dict(source, name='digits')
drawn = dict(num_samples=num_samples, seed=seed)
first = dict(drawn, part=(0, 2))
last = dict(num_samples=1000, seed=seed, part=(1, 2))

train_mnist = dict(of_mnist, **first, dataset=dict(mnist, **training))
train_usps = dict(of_usps, **first, dataset=dict(usps, **training))
train_digits = dict(of_digits, **drawn, dataset=dict(digits, **grey_training))
train_mnist['labeled_classes'] = mnist_classes
train_usps['labeled_classes'] = usps_classes
train_digits['labeled_classes'] = digits_classes
val_mnist = dict(of_mnist, **last, dataset=dict(mnist, **held_out))
val_usps = dict(of_usps, **last, dataset=dict(usps, **held_out))
val_digits = dict(
    of_digits, dataset=dict(digits, **dict(grey_testing, split='val'))
)
test_mnist = dict(of_mnist, dataset=dict(mnist, **testing))
test_usps = dict(of_usps, dataset=dict(usps, **testing))
test_digits = dict(of_digits, dataset=dict(digits, **grey_testing))

loader = dict(num_workers=0)  # the images are in memory
ordered = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='InfiniteSampler'),  # the schedule counts iterations
    dataset=dict(
        type='ConcatDataset', datasets=[train_mnist, train_usps, train_digits]
    ),
)
val_dataloader = dict(
    loader,
    batch_size=500,
    sampler=ordered,
    dataset=dict(
        type='ConcatDataset', datasets=[val_mnist, val_usps, val_digits]
    ),
)
test_dataloader = dict(
    loader,
    batch_size=500,
    sampler=ordered,
    dataset=dict(
        type='ConcatDataset', datasets=[test_mnist, test_usps, test_digits]
    ),
)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='PartialLabelAP')]
auto_scale_lr = dict(base_batch_size=batch_size)
