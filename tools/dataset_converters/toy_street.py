"""Write a miniature of Cityscapes in the real layout and encoding."""

from __future__ import annotations

import os.path as osp

import cv2
import numpy as np
from mmengine.utils import mkdir_or_exist
from street_scene import draw_scene

# Label ids of Cityscapes, in the order of the 19 training ids.
LABEL_IDS = (
    7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33
)  # fmt: skip
EGO_VEHICLE = 1  # label id of pixels without a training id


def write_scene(root: str, split: str, city: str, index: int, scene: tuple):
    """Write one frame in the real layout.

    Args:
        root (str): Folder with ``leftImg8bit`` and ``gtFine``.
        split (str): 'train' or 'val'.
        city (str): Name of the city's folder.
        index (int): Number of the sequence.
        scene (tuple): Image and training ids from :func:`draw_scene`.
    """
    image, train_ids = scene
    stem = f'{city}_{index:06d}_000019'
    table = np.full(256, EGO_VEHICLE, dtype=np.uint8)
    table[: len(LABEL_IDS)] = LABEL_IDS
    folders = [
        osp.join(root, kind, split, city) for kind in ('leftImg8bit', 'gtFine')
    ]
    for folder in folders:
        mkdir_or_exist(folder)
    files = {
        osp.join(folders[0], f'{stem}_leftImg8bit.png'): image[..., ::-1],
        osp.join(folders[1], f'{stem}_gtFine_labelTrainIds.png'): train_ids,
        osp.join(folders[1], f'{stem}_gtFine_labelIds.png'): table[train_ids],
    }
    for path, pixels in files.items():
        if not cv2.imwrite(path, pixels):
            raise OSError(f'{path} cannot be written')


def make_cityscapes(root: str, images: int, height: int, seed: int) -> None:
    """Write a miniature of Cityscapes.

    Args:
        root (str): Folder to write to.
        images (int): Number of training images. The validation gets half as
            many.
        height (int): Height in pixels. The width is twice the height.
        seed (int): Seed of the scenes.
    """
    rng = np.random.default_rng(seed)
    for index in range(images):
        city = ('aachen', 'bremen')[index * 2 // images]
        write_scene(root, 'train', city, index, draw_scene(height, rng))
    for index in range(images // 2):
        write_scene(root, 'val', 'frankfurt', index, draw_scene(height, rng))
