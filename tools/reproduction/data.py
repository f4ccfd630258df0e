"""Which data sets a table needs, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmda.datasets import walk_datasets
from mmda.datasets.sources.medmnist import RECORD


@dataclass(frozen=True)
class Download:
    """What to download for a kind of dataset.

    Attributes:
        name (str): Of the data set.
        files (tuple[str, ...]): Patterns below its ``data_root`` of which
            each has to match; alternatives with ``|``.
        origin (str): Where it comes from.
        size (str): Of the download.
    """

    name: str
    files: tuple[str, ...]
    origin: str
    size: str


@dataclass(frozen=True)
class Need:
    """A data set that a config reads.

    Attributes:
        download (Download): What it is.
        folder (str): Where it is expected.
        missing (tuple[str, ...]): Patterns without a match.
    """

    download: Download
    folder: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        what = self.download
        state = (
            f'missing: {", ".join(self.missing)}' if self.missing else 'there'
        )
        return (
            f'{what.name} in {self.folder}: {state} (from {what.origin}, '
            f'{what.size})'
        )


_MNIST_FILES = tuple(
    f'{part}-{kind}-ubyte|{part}-{kind}-ubyte.gz'
    for part in ('train', 't10k')
    for kind in ('images-idx3', 'labels-idx1')
)
_MNIST = Download(
    'MNIST',
    _MNIST_FILES,
    'https://ossci-datasets.s3.amazonaws.com/mnist/',
    '12 MB',
)
_CIFAR10 = Download(
    'CIFAR-10',
    tuple(
        f'cifar-10-batches-py/{name}'
        for name in (*(f'data_batch_{i}' for i in range(1, 6)), 'test_batch')
    ),
    'https://www.cs.toronto.edu/~kriz/cifar.html',
    '170 MB',
)
_MEDMNIST_SIZES = {
    'dermamnist': '20 MB',
    'tissuemnist': '125 MB',
    'organamnist': '38 MB',
}
#: Type of a reader -> what it reads.
DOWNLOADS = {
    'LocalMNIST': _MNIST,
    'MNIST': _MNIST,
    'LocalCIFAR10': _CIFAR10,
    'CIFAR10': _CIFAR10,
    'ChestXray14': Download(
        'NIH ChestX-ray14',
        (
            'Data_Entry_2017_v2020.csv',
            'train_val_list.txt',
            'test_list.txt',
            'images*',
        ),
        'https://nihcc.app.box.com/v/ChestXray-NIHCC',
        '45 GB',
    ),
    'CheXpert': Download(
        'CheXpert (small)',
        ('train.csv', 'train', 'valid.csv', 'valid'),
        'https://stanfordmlgroup.github.io/competitions/chexpert/',
        '11 GB',
    ),
    'CityscapesDataset': Download(
        'Cityscapes',
        (
            'leftImg8bit/train',
            'leftImg8bit/val',
            'gtFine/train',
            'gtFine/val',
        ),
        'https://www.cityscapes-dataset.com/downloads/',
        '11.3 GB',
    ),
}


def needs(cfg: Config) -> dict[str, Need]:
    """Find the data sets of a config that are not part of a package.

    Args:
        cfg (Config): The config, with the place of its data.

    Returns:
        dict[str, Need]: By name and folder, in the order of the config.
    """
    found: dict[str, Need] = {}
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader') or {}
        for node in walk_datasets(loader.get('dataset')):
            for need in _need_of(node):
                found.setdefault(f'{need.download.name} {need.folder}', need)
    return found


def _need_of(node: dict[str, Any]) -> Iterator[Need]:
    kind = str(node.get('type')).rpartition('.')[2]
    folder = str(node.get('data_root') or '')
    if kind == 'MedMNIST':
        yield _check(_medmnist(node), folder)
    elif kind in DOWNLOADS:
        yield _check(DOWNLOADS[kind], folder)


def _medmnist(node: dict[str, Any]) -> Download:
    name = str(node.get('name'))
    size = node.get('size', 28)
    file_name = f'{name}.npz' if size == 28 else f'{name}_{size}.npz'
    known = _MEDMNIST_SIZES.get(name)
    megabytes = f'about {known} at 28 pixels' if known else 'size unknown'
    return Download(name, (file_name,), RECORD + file_name, megabytes)


def _check(download: Download, folder: str) -> Need:
    root = Path(folder).expanduser()
    missing = tuple(
        pattern
        for pattern in download.files
        if not any(any(root.glob(p)) for p in pattern.split('|'))
    )
    return Need(download, folder, missing)


def check_data(configs: Iterable[Config], hint: str = '') -> None:
    """Refuse to start where data is missing.

    Args:
        configs (Iterable[Config]): Those to be trained.
        hint (str): What else can be done, for the message.

    Raises:
        FileNotFoundError: If data is missing; says what, where it is
            expected, where it comes from and how large it is.
    """
    missing: dict[str, Need] = {}
    for cfg in configs:
        missing.update(
            {key: need for key, need in needs(cfg).items() if need.missing}
        )
    if missing:
        lines = [f'  {need}' for need in missing.values()]
        raise FileNotFoundError(
            'data is missing, nothing was run:\n'
            + '\n'.join(lines)
            + '\n--data-root names the folder in the place of data/'
            + (f'; {hint}' if hint else '')
        )
