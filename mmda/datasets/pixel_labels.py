"""Rewrite the label maps of a source for the joint label space."""

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
    LabelRules,
    LabelSpace,
    nearest,
)

from .images.copies import is_copy
from .packed_samples import packed_samples

# After the mapping: an id that is no class of the source.
INVALID_PIXEL = 253

# Modes of Pillow with values above 255. The stock transform reads uint8.
WIDE_MODES = ('I', 'I;16', 'I;16B', 'I;16L', 'F')


def joint_label_map(
    stock_map: Mapping[int, int],
    own_to_code: Mapping[int, int],
    num_codes: int,
    ignore_index: int = UNKNOWN_PIXEL,
    rest: int = NO_ANNOTATED_CLASS,
) -> dict[int, int]:
    """Combine a source's ``label_map`` with the joint label space.

    Args:
        stock_map (Mapping[int, int]): Id in the file (after
            ``reduce_zero_label``) -> index of the class in the source. The
            index is 255 for a class that the source leaves out.
        own_to_code (Mapping[int, int]): Index of the class in the source ->
            value of the label contract. A class that is not listed becomes
            ``rest``.
        num_codes (int): Number of values that stand for a class.
        ignore_index (int): Id of pixels that the source does not label.
        rest (int): See ``own_to_code``.

    Returns:
        dict[int, int]: Id in the file -> value. It has only the ids that
        change, because the stock transform visits the whole image for each
        entry.

    Examples:
        >>> joint_label_map({0: 0, 1: 1, 2: 255}, {1: 0}, 3)
        {0: 254, 1: 0, 2: 254, 254: 253}
    """
    label_map = dict.fromkeys(range(num_codes), INVALID_PIXEL)
    label_map[NO_ANNOTATED_CLASS] = INVALID_PIXEL
    for value, own in stock_map.items():
        label_map[value] = own_to_code.get(own, rest)
    label_map[ignore_index] = UNKNOWN_PIXEL
    return {k: v for k, v in label_map.items() if k != v}


def pixel_rules(
    rules: LabelRules | None, exclusive: bool | None, source: str
) -> tuple[bool, bool]:
    """Read what rules say about a pixel.

    Args:
        rules (LabelRules, optional): They keep all classes apart.
        exclusive (bool, optional): What ``exclusive`` says.
        source (str): Name of the source, for messages.

    Returns:
        tuple[bool, bool]: Whether a pixel has at most one class, and whether
        it has exactly one.

    Raises:
        ValueError: If the rules say something else, or contradict
            ``exclusive``.
    """
    if rules is None:
        return exclusive is None or exclusive, False
    apart = rules.apart | np.eye(len(rules.classes), dtype=bool)
    if rules.implied.any() or not apart.all() or exclusive is False:
        raise ValueError(
            f'rules of {source}: for label maps, expected at_most_one or '
            'exactly_one of all classes, without exclusive=False; found '
            f'other rules between {rules.classes}'
        )
    num_classes = len(rules.classes)
    return True, any(len(group) == num_classes for group in rules.exactly_one)


class PixelLabels:
    """Makes the stock transform load label maps in joint indices.

    The values follow the label contract. The source may know a class that it
    does not annotate here. A pixel of this class carries none of the
    annotated classes. The id 255 in the file stays unknown.

    Args:
        stock_map (Mapping[int, int], optional): The ``label_map`` of the
            source, see :func:`joint_label_map`. None if the id in the file is
            the index of the class.
        joint_names (Sequence[str]): Names that the classes of the source have
            in the joint label space.
        own (ndarray): int64, indices of the annotated classes in the source.
        joint (ndarray): int64, indices of the same classes in the joint label
            space.
        space (LabelSpace): The joint label space of C classes.
        background_classes (Sequence[str]): Classes of the source that are not
            in the label space, but that keep a value: C, C + 1, ...
        ignore_index (int): Id of pixels that the source does not label.
        source (str): Name of the source, for messages.
        exactly_one (bool): Whether each pixel has a class of the label space.
            If one class is left, pixels without an annotated class have it.

    Raises:
        ValueError: If a background class is no class of the source or is in
            the label space, if there are too many classes for a label map, or
            if ``exactly_one`` contradicts a class outside of the label space.
    """

    def __init__(
        self,
        stock_map: Mapping[int, int] | None,
        joint_names: Sequence[str],
        own: np.ndarray,
        joint: np.ndarray,
        space: LabelSpace,
        background_classes: Sequence[str] = (),
        ignore_index: int = UNKNOWN_PIXEL,
        source: str = 'source',
        exactly_one: bool = False,
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
        if stock_map is None:
            stock_map = {i: i for i in range(len(joint_names))}
        self.annotated = np.zeros(len(space), dtype=bool)
        self.annotated[joint] = True
        rest = NO_ANNOTATED_CLASS
        if exactly_one:
            outside = [name for name in joint_names if name not in space]
            if outside:
                raise ValueError(
                    f'rules of {source}: a pixel of {outside[0]!r} has none '
                    'of the classes of exactly_one; expected at_most_one'
                )
            left_out = [
                value
                for value, index in stock_map.items()
                if index == UNKNOWN_PIXEL
                and value not in (ignore_index, UNKNOWN_PIXEL)
            ]
            if left_out:
                raise ValueError(
                    f'rules of {source}: its metainfo leaves out the class '
                    f'with the id {left_out[0]}, which is none of the classes '
                    'of exactly_one; expected at_most_one'
                )
            left = np.flatnonzero(~self.annotated)
            if len(left) == 1:
                rest = int(left[0])
                self.annotated[rest] = True
        self.label_map = joint_label_map(
            stock_map, codes, num_codes, ignore_index, rest
        )
        self._source = source
        self._ids = {*stock_map, ignore_index, UNKNOWN_PIXEL}
        self._valid = np.zeros(256, dtype=bool)
        values = [self.label_map.get(i, i) for i in self._ids]
        self._valid[values] = True

    def run(self, pipeline: Callable[[dict], Any], info: dict) -> Any:
        """Run the pipeline, and check the label map when it is loaded.

        Args:
            pipeline (Callable): Its transforms are run one by one.
            info (dict): The annotation of an image, with ``label_map``.

        Returns:
            Any: The output of the pipeline.

        Raises:
            ValueError: If the size of the label map differs from the size of
                the image, or if an id in it is no class of the source. An id
                above 255, and a label map that ``mmda resize`` has changed,
                are found in local files only.
        """
        results, checked = info, False
        for step in getattr(pipeline, 'transforms', [pipeline]):
            results = step(results)
            if results is None:
                return None
            if not checked and 'gt_seg_map' in results:
                self._check(results)
                checked = True
        # Test-time augmentation loads and packs the label map in one step.
        for sample in [] if checked else packed_samples(results):
            label = sample.get('gt_sem_seg')
            if label is not None:
                self._check(
                    dict(
                        gt_seg_map=label.data.numpy()[0],
                        seg_map_path=info.get('seg_map_path', ''),
                        reduce_zero_label=info.get('reduce_zero_label'),
                    )
                )
        return results

    def _check(self, results: dict) -> None:
        """Check the size and the ids of a label map after it is loaded."""
        label = results['gt_seg_map']
        path = results.get('seg_map_path', '')
        where = f'annotation {path} of {self._source}'
        if is_copy(path):
            raise ValueError(
                f'{where} is a copy of mmda resize, which mixes the ids of '
                'neighbours: use the original images and label maps'
            )
        expected = tuple(results.get('ori_shape', label.shape)[:2])
        if label.shape != expected:
            raise ValueError(
                f'{where} has the shape {label.shape} (rows, columns), but '
                f'its image has {expected}'
            )
        wide = _ids_above_255(path)
        if wide:
            raise ValueError(
                f'{where} has the ids {wide}, expected at most 255: the host '
                'reads label maps as uint8, so a larger id would become the '
                'id of another class'
            )
        found = np.bincount(label.reshape(-1), minlength=256) > 0
        if (found & ~self._valid).any():
            reduced = int(bool(results.get('reduce_zero_label')))
            raise ValueError(
                f'{where} has ids outside of the label space: '
                f'{self._unknown_ids(path, reduced)}; '
                f'expected {sorted(i + reduced for i in self._ids - {255})} '
                'or 255 (unknown)'
            )

    def _unknown_ids(self, path: str, reduced: int) -> list[int]:
        """Read the file again: the mapping has merged the unknown ids."""
        # Pillow keeps the ids of a file with a palette, not its colours.
        with Image.open(BytesIO(fileio.get(path))) as image:
            values = np.unique(np.asarray(image))
        known = {i + reduced for i in self._ids} | {255, 0 if reduced else 255}
        return [int(value) for value in values if int(value) not in known]


def _ids_above_255(path: str) -> list[int]:
    """Return the ids above 255 of a local file.

    The header of the file shows whether it can have any.
    """
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

    The colour of a class depends on its index alone, so all sources have
    equal colours.

    Args:
        num_classes (int): Number of classes.

    Returns:
        list[list[int]]: One RGB colour per class, in [0, 255]. Neighbours
        differ in hue.

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
