"""What to warn of in the pixels of the sources, and a line for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .pixels import SourcePixels

#: From these shares of pixels on, an image is hardly an image.
_MANY_WHITE, _MANY_AT_ENDS = 0.5, 0.95
#: Grey levels, of 255, by which the ranges of two sources may differ.
_FAR = 64


def pixel_warnings(found: Sequence[SourcePixels]) -> list[str]:
    """Warn of images that a training cannot use as they are.

    Args:
        found (Sequence[SourcePixels]): From :func:`look_at_pixels`.

    Returns:
        list[str]: Sentences. What to install for a format is said once for
        all sources.
    """
    lines: list[str] = []
    extras: Counter = Counter()
    for source in found:
        for why, places in source.problems.items():
            if 'pip install' in why:
                extras[why] += len(places)
            else:
                lines.append(_problem(source, why, places))
        lines += [line for check in _CHECKS for line in check(source)]
    lines += [f'{n:,} images: {why}' for why, n in extras.items()]
    return lines + list(_far_ranges(found))


def _problem(source: SourcePixels, why: str, places: list[str]) -> str:
    count = f'{source.label}: {len(places):,} of {source.looked:,} images'
    if why in ('missing', 'broken'):
        return f'{count} are {why}, such as {places[0]}'
    return f'{count} cannot be used, such as {places[0]}: {why}'


def _wrong_loader(source: SourcePixels) -> Iterator[str]:
    if source.num_deep and source.loader not in ('', 'LoadMedicalImage'):
        yield (
            f'{source.label}: {source.num_deep:,} of {source.looked:,} images '
            f'have more than 8 bits, which {source.loader} cuts off: use '
            'LoadMedicalImage'
        )


def _saturated(source: SourcePixels) -> Iterator[str]:
    white = float(np.mean(source.white or [0]))
    black = float(np.mean(source.black or [0]))
    if white > _MANY_WHITE or white + black > _MANY_AT_ENDS:
        yield (
            f'{source.label}: {white:.0%} of the pixels are white and '
            f'{black:.0%} black, as a training sees them'
        )


def _mixed_depths(source: SourcePixels) -> Iterator[str]:
    if len(source.deep) > 1 and None not in source.deep:
        depths = ', '.join(
            f'{bits} bits ({n:,})' for bits, n in sorted(source.deep.items())
        )
        yield (
            f'{source.label}: images of several depths: {depths}. If all come '
            f'from one device, set bits={max(source.deep)} of LoadMedicalImage'
        )


_CHECKS: tuple[Callable[[SourcePixels], Iterator[str]], ...] = (
    _wrong_loader,
    _saturated,
    _mixed_depths,
)


def _far_ranges(found: Sequence[SourcePixels]) -> Iterator[str]:
    """Compare the two sources that differ most."""
    known = [(s.label, s.range) for s in found if s.range is not None]
    for end, name in ((0, 'dark'), (1, 'bright')):
        known.sort(key=lambda one: one[1][end])
        if not known or known[-1][1][end] - known[0][1][end] <= _FAR:
            continue
        first, last = known[0], known[-1]
        yield (
            f'the {name} end of the pixels is {first[1][end]:.0f} in '
            f'{first[0]} and {last[1][end]:.0f} in {last[0]}, of 255: check '
            'pixel_range'
        )


def pixel_lines(pixels: dict[str, dict]) -> list[str]:
    """Write what was found for the console.

    Args:
        pixels (dict[str, dict]): Label of a source -> the result of
            :meth:`SourcePixels.as_dict`.

    Returns:
        list[str]: A line for each source.
    """
    lines = []
    for label, found in pixels.items():
        parts = [f'{found["looked_at"]:,} of {found["images"]:,} images']
        if found['stopped']:
            parts[0] += ' in the time for a sample'
        if found['smallest']:
            sizes = [found['smallest'], found['largest']]
            ends = dict.fromkeys(f'{h} x {w}' for h, w in sizes)
            parts.append(f'{" to ".join(ends)} pixels')
            parts += [f'{n:,} {kind}' for kind, n in found['kinds'].items()]
            parts.append(
                f'{found["black"]:.1%} black and {found["white"]:.1%} white'
            )
            low, high = found['range']
            parts.append(f'most pixels from {low:.0f} to {high:.0f}')
        lines.append(f'pixels of {label}: {", ".join(parts)}')
    return lines
