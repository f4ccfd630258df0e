"""The 2D data sets of MedMNIST, from their official files."""

from __future__ import annotations

import importlib
import os
import os.path as osp
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from mmengine import dist
from mmengine.registry import DATASETS

from mmda.structures import nearest

from .local_images import LocalImages

#: Where the ``.npz`` files are.
RECORD = 'https://zenodo.org/records/10519652/files/'

#: Classes, in the order of the labels, of the data sets that the configs of
#: mmda use. These configs run without the package ``medmnist``, which knows
#: the classes of all data sets.
CLASSES = {
    'dermamnist': (
        'actinic keratoses and intraepithelial carcinoma',
        'basal cell carcinoma',
        'benign keratosis-like lesions',
        'dermatofibroma',
        'melanoma',
        'melanocytic nevi',
        'vascular lesions',
    ),
    'tissuemnist': (
        'Collecting Duct, Connecting Tubule',
        'Distal Convoluted Tubule',
        'Glomerular endothelial cells',
        'Interstitial endothelial cells',
        'Leukocytes',
        'Podocytes',
        'Proximal Tubule Segments',
        'Thick Ascending Limb',
    ),
    'organamnist': (
        'bladder',
        'femur-left',
        'femur-right',
        'heart',
        'kidney-left',
        'kidney-right',
        'liver',
        'lung-left',
        'lung-right',
        'pancreas',
        'spleen',
    ),
}


@DATASETS.register_module()
class MedMNIST(LocalImages):
    """A 2D data set of MedMNIST [0], in its official split.

    Reads ``data_root/<name>.npz``. Samples have ``img``, uint8 (H, W) or
    (H, W, 3), RGB, and ``gt_score`` (float32, one entry per class). All
    classes are annotated in every image.

    'dermamnist', 'tissuemnist' and 'organamnist' need no package. All other
    data sets need the package ``medmnist`` (``pip install medmnist``):
    it knows their classes.

    [0] Yang et al., MedMNIST v2, Scientific Data 2023.

    Args:
        name (str): Such as 'dermamnist' or 'retinamnist'.
        data_root (str): Folder of the files.
        split (str): 'train', 'val' or 'test'.
        size (int): Pixels of an edge: 28 (default), 64, 128 or 224. Not every
            data set has a file of every size.
        download (bool): Download a missing file with the package
            ``medmnist``. Defaults to False.
        classes (Sequence[str], optional): Classes to use, in their order.
            Defaults to all classes.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the file is missing. The message says where to
            get it.
        ImportError: If the package ``medmnist`` is needed and not installed.
        ValueError: If there is no such data set or split, or if the content
            of the file does not fit its name.
    """

    SPLITS = ('train', 'val', 'test')

    def __init__(
        self,
        name: str,
        data_root: str = '',
        split: str = 'train',
        size: int = 28,
        download: bool = False,
        classes: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        known = _classes_of(name)
        self.METAINFO = dict(classes=known)
        self.dataset_name = name
        self.size = size
        self.download = download
        super().__init__(data_root, split, classes=classes or known, **kwargs)

    def read_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Read images and labels of the split.

        Returns:
            tuple[ndarray, ndarray]: uint8 (N, H, W) or (N, H, W, 3), and
            labels (N,) or, with several classes per image, (N, C).
        """
        flag = self.dataset_name
        flag += '' if self.size == 28 else f'_{self.size}'
        path = osp.join(self.folder, f'{flag}.npz')
        self.LAYOUT = (
            f'Download {RECORD}{flag}.npz (1 to 206 MB at 28 pixels) into '
            'data_root.'
        )
        if self.download:
            if dist.is_main_process() and not osp.exists(path):
                self._download()
            dist.barrier()  # of all processes, also where the file exists
        self.require_file(path)
        images, labels = self.read(path, _load, self.split)
        num_classes = len(self.METAINFO['classes'])
        # One column is the index of the class, several columns are 0 or 1.
        width = labels.shape[-1]
        top = num_classes - 1 if width == 1 else 1
        if width not in (1, num_classes) or labels.max() > top:
            raise ValueError(
                f'MedMNIST: {path} has labels of shape {labels.shape} up to '
                f'{labels.max()}, expected (N, 1) up to {num_classes - 1}, '
                f'or (N, {num_classes}) up to 1'
            )
        return images, labels[:, 0] if width == 1 else labels

    def _download(self) -> None:
        package = _package(f'download=True of {self.dataset_name}')
        kind = package.INFO[self.dataset_name]['python_class']
        os.makedirs(self.folder, exist_ok=True)
        getattr(package, kind)(
            'test', download=True, root=self.folder, size=self.size
        )


def _load(path: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays[f'{split}_images'], arrays[f'{split}_labels']


def _classes_of(name: str) -> tuple[str, ...]:
    """Return the classes of a data set, in the order of the labels."""
    if name in CLASSES:
        return CLASSES[name]
    info = _package(f'the data set {name!r}{nearest(name, CLASSES)}').INFO
    known = [n for n in info if '3d' not in n]
    if name not in known:
        raise ValueError(
            f'name of MedMNIST: found {name!r}{nearest(name, known)}'
        )
    return tuple(info[name]['label'].values())


def _package(what: str) -> ModuleType:
    try:
        return importlib.import_module('medmnist')
    except ImportError as error:
        raise ImportError(
            f'MedMNIST: the package medmnist is needed for {what}. Install '
            'it with: pip install medmnist'
        ) from error
