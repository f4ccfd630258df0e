"""Readers of data sets."""

from .chestxray14 import ChestXray14
from .chexpert import CheXpert
from .local_cifar10 import LocalCIFAR10
from .local_mnist import LocalMNIST
from .medmnist import MedMNIST
from .npz_images import NpzImages
from .sklearn_digits import Digits

__all__ = [
    'CheXpert',
    'ChestXray14',
    'Digits',
    'LocalCIFAR10',
    'LocalMNIST',
    'MedMNIST',
    'NpzImages',
]
