"""Label maps of a source, rewritten for the joint label space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine import fileio
from PIL import Image, UnidentifiedImageError

from mmda.structures import (
    NO_ANNOTATED_CLASS,
    UNKNOWN_PIXEL,
    LabelSpace,
    nearest,
)

# Marks, after the mapping, an id that the source has no class for.
INVALID_PIXEL = 253

# Pillow's modes whose values may exceed the uint8 of the stock transform.
WIDE_MODES = ('I', 'I;16', 'I;16B', 'I;16L', 'F')


def joint_label_map(
    stock_map: Mapping[int, int],
    own_to_code: Mapping[int, int],
    num_codes: int,
    ignore_index: int = UNKNOWN_PIXEL,
) -> dict[int, int]:
    """Combine a source's ``label_map`` with the joint label space.

    Args:
        stock_map (Mapping[int, int]): Id in the file (after
            ``reduce_zero_label``) -> index among the source's classes, 255
            for a class that the source leaves out.
        own_to_code (Mapping[int, int]): Index among the source's classes ->
            value of the label contract. Classes that are not listed become
            ``NO_ANNOTATED_CLASS``.
        num_codes (int): Values below it mean something in the joint space.
        ignore_index (int): Id of pixels that the source says nothing about.

    Returns:
        dict[int, int]: Only ids whose value changes, since the stock
        transform passes over the image once for each entry.

    Examples:
        >>> joint_label_map({0: 0, 1: 1, 2: 255}, {1: 0}, 3)
        {0: 254, 1: 0, 2: 254, 254: 253}
    """
    label_map = dict.fromkeys(range(num_codes), INVALID_PIXEL)
    label_map[NO_ANNOTATED_CLASS] = INVALID_PIXEL
    for value, own in stock_map.items():
        label_map[value] = own_to_code.get(own, NO_ANNOTATED_CLASS)
    label_map[ignore_index] = UNKNOWN_PIXEL
    return {k: v for k, v in label_map.items() if k != v}


class PixelLabels:
    """Lets the stock transform load label maps of the joint label space.

    The values follow the label contract. A pixel of a class that the source
    knows but does not annotate (or leaves out by its own ``metainfo``) carries
    none of the annotated classes; 255 in the file stays unknown.

    Args:
        metainfo (Mapping): Of the source, with ``label_map`` and ``classes``.
        joint_names (Sequence[str]): Joint names of the source's classes.
        own (ndarray): int64, annotated classes among the source's own.
        joint (ndarray): int64, the same classes in the joint label space.
        space (LabelSpace): The joint label space.
        exclusive (bool): Whether a pixel has one class at most.
        background_classes (Sequence[str]): Classes of the source, outside of
            the label space, that keep an index: C, C + 1, ...
        ignore_index (int): Of the source.
        source (str): Name of the source, for messages.

    Raises:
        ValueError: If a background class is not one of the source, is in the
            label space, or there are too many classes for a label map.
    """

    def __init__(
        self,
        metainfo: Mapping[str, Any],
        joint_names: Sequence[str],
        own: np.ndarray,
        joint: np.ndarray,
        space: LabelSpace,
        exclusive: bool = True,
        background_classes: Sequence[str] = (),
        ignore_index: int = UNKNOWN_PIXEL,
        source: str = 'source',
    ) -> None:
        num_codes = len(space) + len(background_classes)
        if num_codes > INVALID_PIXEL:
            raise ValueError(
                f'{num_codes} classes do not fit into a label map: expected '
                f'at most {INVALID_PIXEL}'
            )
        codes = dict(zip(own.tolist(), joint.tolist(), strict=True))
        for offset, name in enumerate(background_classes):
            if name not in joint_names or name in space:
                raise ValueError(
                    f'background_classes of {source}: expected classes of '
                    'this source outside of the label space, found '
                    f'{name!r}{nearest(name, joint_names)}'
                )
            codes[list(joint_names).index(name)] = len(space) + offset
        stock_map = metainfo['label_map']
        if stock_map is None:
            stock_map = {i: i for i in range(len(joint_names))}
        self.label_map = joint_label_map(
            stock_map, codes, num_codes, ignore_index
        )
        self.annotated = np.zeros(len(space), dtype=bool)
        self.annotated[joint] = True
        self.exclusive = exclusive
        self._source = source
        self._ids = {*stock_map, ignore_index, UNKNOWN_PIXEL}
        self._valid = np.zeros(256, dtype=bool)
        values = [self.label_map.get(i, i) for i in self._ids]
        self._valid[values] = True

    def annotate(self, info: dict) -> None:
        """Set what the stock transform and the loss need, in place.

        Args:
            info (dict): From the source, with ``seg_map_path``.
        """
        info['label_map'] = self.label_map
        info['annotated_classes'] = self.annotated
        info['exclusive'] = self.exclusive

    def run(self, pipeline: Callable[[dict], Any], info: dict) -> Any:
        """Run the pipeline, and check the label map when it is loaded.

        Args:
            pipeline (Callable): Its transforms are run one by one.
            info (dict): The annotation of an image, after :meth:`annotate`.

        Returns:
            Any: The output of the pipeline.

        Raises:
            ValueError: If the size of the label map differs from the size of
                the image, or if an id in it is no class of the source. An id
                above 255 is found in a local file only.
        """
        results, checked = info, False
        for step in getattr(pipeline, 'transforms', [pipeline]):
            results = step(results)
            if results is None:
                return None
            if not checked and 'gt_seg_map' in results:
                self._check(results)
                checked = True
        return results

    def _check(self, results: dict) -> None:
        """Check a label map that was just loaded."""
        label = results['gt_seg_map']
        where = f'annotation {results.get("seg_map_path")} of {self._source}'
        expected = tuple(results.get('ori_shape', label.shape)[:2])
        if label.shape != expected:
            raise ValueError(
                f'{where} has the shape {label.shape} (rows, columns), but '
                f'its image has {expected}'
            )
        wide = _ids_above_255(results.get('seg_map_path', ''))
        if wide:
            raise ValueError(
                f'{where} has the ids {wide}, but the host reads label maps '
                'as uint8, in which they would become others: expected at '
                'most 255'
            )
        found = np.bincount(label.reshape(-1), minlength=256) > 0
        if (found & ~self._valid).any():
            reduced = int(bool(results.get('reduce_zero_label')))
            raise ValueError(
                f'{where} has ids outside of the label space: '
                f'{self._unknown_ids(results["seg_map_path"], reduced)}; '
                f'expected {sorted(i + reduced for i in self._ids - {255})} '
                'or 255 (unknown)'
            )

    def _unknown_ids(self, path: str, reduced: int) -> list[int]:
        """Read the ids again that the mapping made one."""
        # Pillow keeps the ids of a file with a palette, not its colours.
        with Image.open(BytesIO(fileio.get(path))) as image:
            values = np.unique(np.asarray(image))
        known = {i + reduced for i in self._ids} | {255, 0 if reduced else 255}
        return [int(value) for value in values if int(value) not in known]


def _ids_above_255(path: str) -> list[int]:
    """Return what a local file holds above 255, by its header if possible."""
    if not Path(path).is_file():
        return []
    try:
        with Image.open(path) as image:
            if image.mode not in WIDE_MODES:
                return []
            values = np.unique(np.asarray(image))
    except UnidentifiedImageError:  # a format of another decoder
        return []
    return [int(value) for value in values if value > 255]


def joint_palette(num_classes: int) -> list[list[int]]:
    """Return colours for the classes of a label space.

    They depend on the number of classes alone, so that all sources agree.

    Args:
        num_classes (int): How many.

    Returns:
        list[list[int]]: RGB, in [0, 255]; neighbours differ in hue.

    Examples:
        >>> joint_palette(2)
        [[191, 48, 48], [41, 78, 163]]
    """
    index = np.arange(num_classes)
    # The golden ratio spreads the hues of any number of classes.
    hue = (index * 0.6180339887 * 180) % 180
    saturation = np.full(num_classes, 191)
    value = 191 - 28 * (index % 3)
    hsv = np.stack([hue, saturation, value], axis=-1).astype(np.uint8)
    return cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0].tolist()
