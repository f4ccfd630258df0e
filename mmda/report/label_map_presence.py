"""Label maps as image labels: which classes an image annotates and shows."""

from __future__ import annotations

import sys

import numpy as np
from mmengine.utils import ProgressBar
from mmseg.datasets.transforms import LoadAnnotations

from mmda.datasets import PartialLabelDataset
from mmda.datasets.tables.label_table import encode_text
from mmda.structures import NO_ANNOTATED_CLASS


def read_presence(
    dataset: PartialLabelDataset, max_maps: int | None = None
) -> dict:
    """Read the label maps of a source.

    Args:
        dataset (PartialLabelDataset): With pixel labels; N images.
        max_maps (int, optional): Read so many, evenly spread; each takes some
            0.03 s at 1024 x 2048. Defaults to None: all, with a progress bar.

    Returns:
        dict: ``score``, float32 (n, C): 1 where an annotated class has a
        pixel, 0 where it has none, NaN where the class is not annotated;
        ``paths``, (N,), of all images; ``uncertain``, zeros (C,); and
        ``sampled_from``, N if not all were read, else 0.

    Raises:
        ValueError: If a label map has an id that the source has no class for.
    """
    total = len(dataset)
    num = total if max_maps is None else min(total, max_maps)
    chosen = np.linspace(0, total - 1, num).round().astype(int)
    num_classes = len(dataset.metainfo['classes'])
    num_codes = num_classes + len(dataset.background_classes)
    annotated = dataset.columns[1]
    load = LoadAnnotations()
    score = np.full((num, num_classes), np.nan, dtype=np.float32)
    bar = ProgressBar(num, file=sys.stdout) if max_maps is None else None
    for row, index in enumerate(chosen.tolist()):
        info = load(dataset.get_data_info(index))
        found = np.bincount(info['gt_seg_map'].reshape(-1), minlength=256) > 0
        # Between the classes and "no annotated class" nothing is defined.
        if found[num_codes:NO_ANNOTATED_CLASS].any():
            raise ValueError(
                f'annotation {info["seg_map_path"]} of {dataset.name} has an '
                'id that is none of the classes of this source'
            )
        score[row, annotated] = found[annotated]
        if bar is not None:
            bar.update()
    if bar is not None:
        bar.file.write('\n')
    paths = [dataset.get_data_info(i)['img_path'] for i in range(total)]
    return dict(
        score=score,
        uncertain=np.zeros(num_classes, dtype=np.int64),
        paths=encode_text(paths),
        sampled_from=total if num < total else 0,
    )
