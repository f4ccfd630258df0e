"""Draw and write tables of three hospitals, each with classes of its own."""

from __future__ import annotations

import os.path as osp
from pathlib import Path

import numpy as np
from toy_chest import JOINT_NAMES, draw, group_sizes, write_csv, write_image

from mmda.apis.config import find_config
from mmda.files import write_text

#: The classes that a hospital looks for, in its spelling.
HOSPITALS = {
    'a': ('Cardiomegaly', 'Effusion', 'Mass'),
    'b': ('Pleural Effusion', 'Pneumothorax', 'Edema'),
    'c': ('Cardiomegaly', 'Mass', 'Edema', 'Support Devices'),
}
#: What differs from the shipped config: a network for a CPU, small images.
CHANGES = {
    'densenet121': 'small_cnn16',
    'image_size = 224': 'image_size = 64',
    'num_workers=2': 'num_workers=0',
    'persistent_workers=True': 'persistent_workers=False',
    'max_epochs = 64': 'max_epochs = 15',
}


def make_table(
    root: str,
    name: str,
    images: int,
    size: int,
    generator: np.random.Generator,
) -> None:
    """Write ``<name>.csv`` with its images in a folder of this name.

    Args:
        root (str): Folder to write to.
        name (str): Hospital, perhaps with a split: 'a' or 'a_val'.
        images (int): Number of images.
        size (int): Height and width in pixels.
        generator (Generator): Draws patients, findings and images.
    """
    shown = sorted(
        {JOINT_NAMES.get(c, c) for names in HOSPITALS.values() for c in names}
    )
    classes = HOSPITALS[name[0]]
    rows = [['path', 'patient', *classes]]
    sizes = group_sizes(images, 3, generator)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    for number, owner in enumerate(owners):
        findings = [c for c in shown if generator.random() < 0.3]
        path = f'{name}/{number:05d}.png'
        image = draw(size, findings, 1.0, 0.03, generator)
        write_image(osp.join(root, path), image)
        cells = [f'{int(JOINT_NAMES.get(c, c) in findings)}' for c in classes]
        rows.append([path, f'{name}{owner}', *cells])
    write_csv(osp.join(root, f'{name}.csv'), rows)


def make_tables(root: str, images: int, size: int, seed: int) -> None:
    """Write the tables that ``configs/da/my_csv.py`` reads, and a config.

    Args:
        root (str): Folder to make.
        images (int): Number of images of a training table.
        size (int): Height and width in pixels.
        seed (int): Equal seeds give equal files.
    """
    held_out = max(20, images // 4)
    tables = dict(
        a=images, a_val=held_out, a_test=held_out, b=images, c=images
    )
    for number, (name, count) in enumerate(tables.items()):
        generator = np.random.default_rng([seed, number])
        make_table(root, name, count, size, generator)
    text = Path(find_config('mmda::da/my_csv.py')).read_text(encoding='utf-8')
    for old, new in {**CHANGES, 'data/my_csv/': f'{root}/'}.items():
        text = text.replace(old, new)
    write_text(osp.join(root, 'my_csv.py'), text)
