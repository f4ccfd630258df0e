# MNIST. One seed splits the 60,000 training images into three parts: D0, D1
# and validation. Layout: data_root/{train,t10k}-*-idx?-ubyte[.gz]
data_root = 'data/mnist/'
num_samples = 300  # images of each source
seed = 0  # of the parts and of the images that are drawn from them
batch_size = 16

classes = ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
train_pipeline = [
    dict(type='RandomCrop', crop_size=28, padding=2),
    dict(type='PackInputs'),
]
test_pipeline = [dict(type='PackInputs')]

# Images with one grey channel
images = dict(type='LocalMNIST', data_root=data_root)
held_out_images = dict(images, test_mode=True)
train_images = dict(images, split='train', pipeline=train_pipeline)
val_images = dict(held_out_images, split='train')
test_images = dict(held_out_images, split='test')

source = dict(type='PartialLabelDataset', classes=classes)
drawn = dict(source, num_samples=num_samples, seed=seed)
d0 = dict(drawn, name='D0', part=(0, 3), dataset=train_images)
d1 = dict(drawn, name='D1', part=(1, 3), dataset=train_images)
held_out = dict(
    drawn,
    name='val',
    part=(2, 3),
    num_samples=1000,
    dataset=val_images,
    pipeline=test_pipeline,
)
tested = dict(source, name='test', dataset=test_images, pipeline=test_pipeline)

loader = dict(num_workers=0)  # the images are in memory
ordered = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    loader,
    batch_size=batch_size,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=d0,
)
val_dataloader = dict(
    loader, batch_size=500, sampler=ordered, dataset=held_out
)
test_dataloader = dict(loader, batch_size=500, sampler=ordered, dataset=tested)
val_evaluator = dict(type='PartialLabelAUC')
test_evaluator = [dict(type='PartialLabelAUC'), dict(type='PartialLabelAP')]
auto_scale_lr = dict(base_batch_size=batch_size)
