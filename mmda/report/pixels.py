"""What the image files of the sources hold, and what a training sees."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.utils import ProgressBar
from PIL import Image

from mmda.datasets import LoadMedicalImage
from mmda.datasets.broken_images import UnusableImageError, is_decode_error
from mmda.datasets.images.pixels import Pixels

from .source_labels import SourceLabels

#: Images of each source that are looked at, if not all.
NUM_IMAGES = 32
#: Pixels along each side of an image that are looked at.
_SIDE = 256


@dataclass
class SourcePixels:
    """What was found in the images of one source.

    Attributes:
        label (str): Split and name of the source.
        total (int): Number of images.
        loader (str): Type of the transform that loads them, or ''.
        looked (int): Number of images that were looked at.
        kinds (Counter): Format, mode and bits -> number of images.
        deep (Counter): Bits -> number of images of more than 8 bits whose
            file does not say its bits.
        num_deep (int): Number of images of more than 8 bits.
        sizes (Counter): (height, width) -> number of images.
        problems (dict): Why images cannot be used -> where they stand.
        black (list[float]): Share of black pixels of each image, as loaded.
        white (list[float]): Share of white pixels.
        ranges (list): The 1st and the 99th percentile of each image.
        stopped (bool): Whether the time was up before the end.
    """

    label: str
    total: int
    loader: str = ''
    looked: int = 0
    kinds: Counter = field(default_factory=Counter)
    deep: Counter = field(default_factory=Counter)
    num_deep: int = 0
    sizes: Counter = field(default_factory=Counter)
    problems: dict[str, list[str]] = field(default_factory=dict)
    black: list[float] = field(default_factory=list)
    white: list[float] = field(default_factory=list)
    ranges: list[np.ndarray] = field(default_factory=list)
    stopped: bool = False

    @property
    def range(self) -> tuple[float, float] | None:
        """tuple[float, float] | None: Medians of the ranges of all images."""
        if not self.ranges:
            return None
        low, high = np.median(self.ranges, axis=0)
        return float(low), float(high)

    def as_dict(self) -> dict:
        """Return plain values, ready for JSON."""
        sizes = sorted(self.sizes)
        known = bool(self.black)
        return dict(
            images=self.total,
            looked_at=self.looked,
            loader=self.loader,
            kinds=dict(self.kinds.most_common()),
            smallest=list(sizes[0]) if sizes else None,
            largest=list(sizes[-1]) if sizes else None,
            black=float(np.mean(self.black)) if known else None,
            white=float(np.mean(self.white)) if known else None,
            range=list(self.range) if self.range else None,
            problems=self.problems,
            stopped=self.stopped,
        )


def look_at_pixels(
    sources: Sequence[SourceLabels],
    num: int | None = NUM_IMAGES,
    seconds: float | None = None,
    show: bool = False,
) -> list[SourcePixels]:
    """Decode images of all sources, and load them as a training does.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits. Those whose
            images are in memory are left out.
        num (int, optional): Number of images of each source, evenly spread.
            None looks at all images. Defaults to 32.
        seconds (float, optional): Time limit for all sources together.
            Defaults to None, no limit.
        show (bool): Whether to show a progress bar. Defaults to False.

    Returns:
        list[SourcePixels]: What was found, for each source with files.
    """
    with_files = [(s, s.paths) for s in sources if s.paths is not None]
    found = []
    deadline = None if seconds is None else time.monotonic() + seconds
    sizes = [min(len(paths), num or len(paths)) for _, paths in with_files]
    bar = ProgressBar(sum(sizes), file=sys.stdout) if show else None
    for position, (source, paths) in enumerate(with_files):
        limit = None
        if deadline is not None:  # what is left, in equal parts
            left = deadline - time.monotonic()
            limit = time.monotonic() + left / (len(with_files) - position)
        found.append(_look(source, paths, sizes[position], limit, bar))
    if bar is not None:
        bar.file.write('\n')
    return found


def _look(
    source: SourceLabels,
    paths: np.ndarray,
    num: int,
    limit: float | None,
    bar: Any,
) -> SourcePixels:
    load = source.load
    name = '' if load is None else type(load).__name__
    found = SourcePixels(source.label, len(paths), name)
    for index in np.linspace(0, len(paths) - 1, num).round().astype(int):
        if limit is not None and time.monotonic() > limit and found.looked:
            found.stopped = True
            break
        path = os.fsdecode(paths[index])
        found.looked += 1
        why, detail = _look_at_file(path, load, found)
        if why:
            where = f' ({source.where(int(index))})' if source.where else ''
            place = f'{path}{where}{detail}'
            found.problems.setdefault(why, []).append(place)
        if bar is not None:
            bar.update()
    return found


def _look_at_file(
    path: str, load: Any, found: SourcePixels
) -> tuple[str, str]:
    """Add one image to what was found, or return why it cannot be used.

    The reason groups the images of a source; a detail can follow.
    """
    ours = load if isinstance(load, LoadMedicalImage) else LoadMedicalImage()
    try:
        pixels = ours.read(dict(img_path=path))
        if load is None or load is ours:
            seen = ours.map(pixels)
        else:
            seen = _load_stock(path, load, pixels)
    except FileNotFoundError:
        return 'missing', ''
    except (UnusableImageError, ImportError) as error:
        return str(error), ''
    except Exception as error:
        is_broken = isinstance(error, (OSError, Image.DecompressionBombError))
        if not is_broken and not is_decode_error(error):
            raise
        return 'broken', f': {" ".join(str(error).split())}'
    values = pixels.values
    bits = f' of {pixels.bits} bits' if pixels.bits else ''
    found.kinds[f'{pixels.kind}{bits}'] += 1
    found.sizes[values.shape[:2]] += 1
    if values.dtype != np.uint8:
        found.num_deep += 1
        if not pixels.kind.startswith('DICOM'):
            found.deep[pixels.bits] += 1
    step = [max(1, side // _SIDE) for side in seen.shape[:2]]
    part = seen[:: step[0], :: step[1]]
    found.black.append(float((part <= 0).mean()))
    found.white.append(float((part >= 255).mean()))
    found.ranges.append(np.percentile(part, (1, 99)))
    return '', ''


def _load_stock(path: str, load: Any, pixels: Pixels) -> np.ndarray:
    """Load a file that is whole with a stock loader, which may not know it."""
    try:
        return load(dict(img_path=path))['img']
    except Exception as error:
        if not is_decode_error(error):
            raise
        raise UnusableImageError(
            f'{type(load).__name__} does not read {pixels.kind}: use '
            'LoadMedicalImage'
        ) from error
