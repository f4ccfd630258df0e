"""Tiny CIFAR-10, MNIST, USPS and MedMNIST files in their real formats."""

import gzip
import pickle

import numpy as np
from mmpretrain.datasets import CIFAR10, MNIST

NUM = 40  # images of each split or batch
# Classes and channels of what the configs use.
MEDMNIST = {
    'dermamnist': (7, 3),
    'tissuemnist': (8, 1),
    'organamnist': (11, 1),
}


def write_cifar10(root):
    """Write the six batches and the names, pickled as the originals are."""
    folder = root / CIFAR10.base_folder
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list):
        batch = dict(
            data=generator.integers(0, 256, (NUM, 3072), dtype=np.uint8),
            labels=[i % 10 for i in range(NUM)],
        )
        (folder / name).write_bytes(pickle.dumps(batch))
    names = dict(label_names=list(CIFAR10.METAINFO['classes']))
    (folder / CIFAR10.meta['filename']).write_bytes(pickle.dumps(names))


def write_mnist(root, num=NUM):
    """Write the four files in the idx format, packed by gzip."""
    root.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for files in (MNIST.train_list, MNIST.test_list):
        images = generator.integers(0, 256, (num, 28, 28), dtype=np.uint8)
        labels = (np.arange(num) % 10).astype(np.uint8)
        for (name, _), array in zip(files, (images, labels), strict=True):
            head = bytes([0, 0, 8, array.ndim])
            head += np.array(array.shape, '>i4').tobytes()
            packed = gzip.compress(head + array.tobytes(), 1)
            (root / name).write_bytes(packed)


def write_usps(root):
    """Write the digits of USPS as one .npz, with its two splits."""
    root.mkdir(parents=True)
    arrays = {}
    for split in ('train', 'test'):
        pixels = np.random.default_rng(0).integers(0, 256, (NUM, 16, 16))
        arrays[f'{split}_image'] = pixels.astype(np.uint8)
        arrays[f'{split}_label'] = (np.arange(NUM) % 10).astype(np.uint8)
    np.savez(root / 'usps.npz', **arrays)


def write_npz(path, labels, channels=3, size=28):
    """Write random images and the same labels for each of the three splits."""
    shape = (len(labels), size, size) + ((3,) if channels == 3 else ())
    arrays = {}
    for seed, split in enumerate(('train', 'val', 'test')):
        pixels = np.random.default_rng(seed).integers(0, 256, shape)
        arrays[f'{split}_images'] = pixels.astype(np.uint8)
        arrays[f'{split}_labels'] = labels.astype(np.uint8)
    np.savez(path, **arrays)
    return arrays


def write_medmnist(root):
    """Write one .npz per data set, with its three splits."""
    root.mkdir(parents=True)
    for name, (classes, channels) in MEDMNIST.items():
        labels = np.arange(NUM)[:, None] % classes
        write_npz(root / f'{name}.npz', labels, channels)
