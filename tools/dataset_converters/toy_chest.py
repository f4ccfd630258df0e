"""Draw and write miniatures of ChestX-ray14 and CheXpert."""

from __future__ import annotations

import csv
import os.path as osp
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from mmengine.utils import mkdir_or_exist

from mmda.hosts import quiet_imports

with quiet_imports():
    from mmda.datasets import ChestXray14, CheXpert

# What a class looks like: texture, centre (x, y) and radii (x, y), in
# fractions of the image.
SIGNS = {
    'Atelectasis': ('stripes', 0.30, 0.62, 0.13, 0.08),
    'Cardiomegaly': ('blob', 0.55, 0.65, 0.20, 0.16),
    'Effusion': ('wedge', 0.24, 0.84, 0.18, 0.12),
    'Pneumonia': ('dots', 0.72, 0.60, 0.14, 0.14),
    'Pneumothorax': ('dark', 0.22, 0.28, 0.12, 0.16),
    'Consolidation': ('box', 0.70, 0.38, 0.10, 0.10),
    'Edema': ('cross', 0.50, 0.40, 0.20, 0.20),
    'Infiltration': ('dots', 0.28, 0.45, 0.12, 0.12),
    'Mass': ('blob', 0.78, 0.25, 0.10, 0.10),
    'Nodule': ('ring', 0.32, 0.30, 0.07, 0.07),
    'Emphysema': ('dark', 0.76, 0.50, 0.14, 0.18),
    'Fibrosis': ('stripes', 0.24, 0.20, 0.10, 0.10),
    'Pleural Thickening': ('box', 0.07, 0.50, 0.04, 0.25),
    'Hernia': ('ring', 0.52, 0.88, 0.12, 0.10),
    'Enlarged Cardiomediastinum': ('box', 0.50, 0.28, 0.09, 0.16),
    'Lung Lesion': ('ring', 0.70, 0.72, 0.10, 0.10),
    'Lung Opacity': ('blob', 0.28, 0.50, 0.16, 0.24),
    'Pleural Other': ('wedge', 0.80, 0.86, 0.16, 0.10),
    'Fracture': ('cross', 0.90, 0.30, 0.08, 0.08),
    'Support Devices': ('line', 0.42, 0.30, 0.03, 0.28),
}
JOINT_NAMES = {'Pleural Effusion': 'Effusion'}

NIH_HEADER = (
    'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,'
    'Patient Gender,View Position,OriginalImage[Width,Height],'
    'OriginalImagePixelSpacing[x,y]'
).split(',')
CHEXPERT_LABELS = (
    'No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,'
    'Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,'
    'Pleural Effusion,Pleural Other,Fracture,Support Devices'
).split(',')
CHEXPERT_HEADER = ['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA']


def texture(kind: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Draw a sign in its own coordinates.

    Args:
        kind (str): One of the textures named in :data:`SIGNS`.
        u (ndarray): Float (H, W), -1 and 1 at the left and right border.
        v (ndarray): Float (H, W), -1 and 1 at the upper and lower border.

    Returns:
        ndarray: Float (H, W) in [-1, 1]. The caller adds it to the image.
    """
    r = np.hypot(u, v)
    inside = r < 1
    shapes = {
        'blob': np.exp(-1.5 * r**2),
        'dark': -np.exp(-1.5 * r**2),
        'ring': np.exp(-((4 * (r - 0.8)) ** 2)),
        'box': (abs(u) < 1) & (abs(v) < 1),
        'line': (abs(u) < 1) & (abs(v) < 1),
        'wedge': (abs(u) < 1) & (abs(v) < 1) & (v > u),
        'cross': inside & ((abs(u) < 0.25) | (abs(v) < 0.25)),
        'stripes': inside & (np.sin(8 * v) > 0),
        'dots': inside & (np.sin(7 * u) * np.sin(7 * v) > 0.2),
    }
    return shapes[kind].astype(np.float64)


def draw(
    size: int,
    findings: Iterable[str],
    contrast: float,
    noise: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draw an X-ray-like image with one sign per finding.

    Args:
        size (int): Height and width in pixels.
        findings (Iterable[str]): Names from :data:`SIGNS`.
        contrast (float): Scales the grey levels around their middle.
        noise (float): Standard deviation of the noise. The full range of
            grey levels is 1.
        generator (Generator): Draws anatomy, jitter and noise.

    Returns:
        ndarray: uint8 (size, size).
    """
    axis = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(axis, axis)
    x = x + generator.normal(0, 0.015)
    y = y + generator.normal(0, 0.015)
    image = 0.55 - 0.15 * abs(x - 0.5)
    for centre in (0.29, 0.71):
        lung = ((x - centre) / 0.20) ** 2 + ((y - 0.5) / 0.38) ** 2
        image -= 0.30 / (1 + np.exp(8 * (lung - 1)))
    image += 0.12 * np.exp(-(((x - 0.5) / 0.05) ** 2))  # spine
    image += 0.03 * np.sin(40 * (y - 0.3 * (x - 0.5) ** 2))  # ribs
    for name in findings:
        kind, *place = SIGNS[name]
        cx, cy, rx, ry = place
        cx, cy = generator.normal((cx, cy), 0.01)
        image += 0.3 * texture(kind, (x - cx) / rx, (y - cy) / ry)
    image = 0.5 + contrast * (image - 0.5)
    image += generator.normal(0, noise, image.shape)
    return np.rint(255 * image.clip(0, 1)).astype(np.uint8)


def draw_findings(
    number: int, classes: Sequence[str], generator: np.random.Generator
) -> list[str]:
    """Choose the findings of an image. Every fourth image has none.

    Args:
        number (int): Number of the image. The classes take turns, so that
            each class occurs in a small set too.
        classes (Sequence[str]): Class names.
        generator (Generator): Chooses further findings.

    Returns:
        list[str]: Names in the order of ``classes``. The list may be empty.
    """
    if number % 4 == 3:
        return []
    extra = generator.random(len(classes)) < 0.1
    extra[(number - number // 4) % len(classes)] = True
    return [
        name for name, present in zip(classes, extra, strict=True) if present
    ]


def group_sizes(
    total: int, largest: int, generator: np.random.Generator
) -> list[int]:
    """Divide the images among patients of 1 to ``largest`` images."""
    sizes: list[int] = []
    while total:
        size = min(total, int(generator.integers(1, largest + 1)))
        sizes.append(size)
        total -= size
    return sizes


def write_csv(path: str, rows: Iterable[Sequence]) -> None:
    """Write a CSV file. The first row is the header."""
    with open(path, 'w', newline='', encoding='utf-8') as file:
        csv.writer(file, lineterminator='\n').writerows(rows)


def write_image(path: str, image: np.ndarray) -> None:
    """Write an image file, and make its folder."""
    mkdir_or_exist(osp.dirname(path))
    if not cv2.imwrite(path, image):
        raise OSError(f'cannot write {path}')


def make_chestxray14(root: str, images: int, size: int, seed: int) -> None:
    """Write a miniature of ChestX-ray14: PNG files in two folders.

    Args:
        root (str): Folder to make.
        images (int): Number of images.
        size (int): Height and width in pixels.
        seed (int): Equal seeds give equal files.
    """
    generator = np.random.default_rng([seed, 0])
    classes = ChestXray14.METAINFO['classes']
    rows, names, lists = [NIH_HEADER], [], ([], [])
    sizes = group_sizes(images, 4, generator)
    for patient, num_views in enumerate(sizes, 1):
        sex, age = generator.choice(['M', 'F']), generator.integers(20, 90)
        is_test = patient % 5 == 0
        for view in range(num_views):
            name = f'{patient:08d}_{view:03d}.png'
            findings = draw_findings(len(names), classes, generator)
            label = '|'.join(f.replace(' ', '_') for f in findings)
            rows.append(
                [name, label or 'No Finding', view, patient, age, sex]
                + [generator.choice(['PA', 'AP']), size, size, 0.143, 0.143]
            )
            folder = f'images_{1 + 2 * len(names) // images:03d}/images'
            image = draw(size, findings, 1.0, 0.03, generator)
            write_image(osp.join(root, folder, name), image)
            names.append(name)
            lists[is_test].append(name)
    write_csv(osp.join(root, 'Data_Entry_2017_v2020.csv'), rows)
    for file, listed in zip(('train_val', 'test'), lists, strict=True):
        write_csv(osp.join(root, f'{file}_list.txt'), [[n] for n in listed])


def chexpert_cells(
    findings: Sequence[str], is_valid: bool, generator: np.random.Generator
) -> list[str]:
    """Draw the label cells of one study: 1.0, 0.0, -1.0 or empty."""
    cells = []
    for name in CHEXPERT_LABELS[1:]:
        # Odds of an uncertain and of a definite label. A report mentions what
        # it finds more often than what it rules out.
        uncertain, told = (0.15, 0.85) if name in findings else (0.04, 0.3)
        value = '1.0' if name in findings else '0.0'
        if not is_valid:
            chance = generator.random()
            if chance < uncertain:
                value = '-1.0'
            elif chance > uncertain + told:
                value = ''
        cells.append(value)
    others = set(findings) - {'Support Devices'}
    no_finding = '' if others and not is_valid else f'{float(not others)}'
    return [no_finding, *cells]


def make_chexpert_table(
    root: str, table: str, images: int, size: int, seed: int
) -> None:
    """Write one table of the miniature of CheXpert with its JPEG files.

    Args:
        root (str): Folder that gets ``<table>.csv`` and ``<table>/``.
        table (str): 'train' or 'valid'.
        images (int): Number of images.
        size (int): Height and width in pixels.
        seed (int): Equal seeds give equal files.
    """
    is_valid = table == 'valid'
    generator = np.random.default_rng([seed, 1 + is_valid])
    classes = CheXpert.METAINFO['classes']
    rows = [CHEXPERT_HEADER + CHEXPERT_LABELS]
    first = 64541 if is_valid else 1
    number = 0
    sizes = group_sizes(images, 4, generator)
    for patient, num_views in enumerate(sizes, first):
        who = [
            generator.choice(['Male', 'Female']),
            generator.integers(18, 90),
        ]
        studies = [1, 1, 2, 2] if patient % 2 else [1, 2, 2, 3]
        view_of: dict[int, int] = {}
        for study in studies[:num_views]:
            view_of[study] = view_of.get(study, 0) + 1
            if view_of[study] == 1:
                findings = draw_findings(number, classes, generator)
                cells = chexpert_cells(findings, is_valid, generator)
                number += 1
            lateral = view_of[study] > 1
            path = f'{table}/patient{patient:05d}/study{study}/view'
            path += (
                f'{view_of[study]}_{"lateral" if lateral else "frontal"}.jpg'
            )
            plane = '' if lateral else generator.choice(['AP', 'PA'])
            view = 'Lateral' if lateral else 'Frontal'
            rows.append(
                [f'CheXpert-v1.0-small/{path}', *who, view, plane, *cells]
            )
            signs = [JOINT_NAMES.get(name, name) for name in findings]
            image = draw(size, signs, 0.75, 0.06, generator)
            write_image(
                osp.join(root, path), image[:, :: -1 if lateral else 1]
            )
    write_csv(osp.join(root, f'{table}.csv'), rows)
