"""The file of a split: which image is in which part."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mmda.files import replacing

#: Version of the format. It opens the record in the first line.
VERSION = 1
COLUMNS = ('source', 'image', 'patient', 'part')


def array_digest(image: np.ndarray) -> bytes:
    """Return a hash of the shape and the pixels of an image.

    Args:
        image (ndarray): The image.

    Returns:
        bytes: 32 hexadecimal digits.

    Examples:
        >>> one, two = np.zeros((2, 2)), np.zeros((4, 1))
        >>> array_digest(one) == array_digest(one.copy())
        True
        >>> array_digest(one) == array_digest(two)
        False
    """
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest().encode()


def image_names(paths: Iterable[bytes | str] | None, images: Any) -> list[str]:
    """Name the images of a source, the same on every machine.

    Args:
        paths (Iterable[bytes | str], optional): Full paths.
        images (Any): Arrays of pixels, where there are no paths.

    Returns:
        list[str]: Paths below the folder that all images share, or hashes of
        the pixels.

    Examples:
        >>> image_names(['/data/a/1.png', '/data/b/1.png'], None)
        ['a/1.png', 'b/1.png']
    """
    if paths is None:
        return [array_digest(image).decode() for image in images]
    names = [os.fsdecode(path) for path in paths]
    start = os.path.commonprefix(names)
    return [name[start.rfind('/') + 1 :] for name in names]


def fingerprint(names: Iterable[str]) -> str:
    """Return a hash of the images of a source, in their order.

    Args:
        names (Iterable[str]): From :func:`image_names`.

    Returns:
        str: 16 hexadecimal digits.
    """
    text = '\n'.join(names).encode('utf-8', 'surrogateescape')
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def write_split(
    path: str, record: dict, rows: Iterable[Sequence[str]]
) -> None:
    """Write a split as CSV, below one line that says how it was made.

    Args:
        path (str): The file. ``pandas.read_csv(path, skiprows=1)`` reads it.
        record (dict): Plain values, with ``sources``: for each source
            ``name``, ``images`` (number) and ``fingerprint``.
        rows (Iterable[Sequence[str]]): Source, image, patient and part of
            each image. The images of a source stand in their order.
    """
    first = json.dumps({'mmda_split': VERSION, **record}, allow_nan=False)
    with (
        replacing(path) as part,
        open(
            part, 'w', encoding='utf-8', errors='surrogateescape', newline=''
        ) as file,
    ):
        file.write(f'# {first}\n')
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def rows_in_part(
    chosen: Any,
    path: str,
    names: Sequence[str],
    source: str,
    patients: np.ndarray | None = None,
    owners: np.ndarray | None = None,
) -> np.ndarray:
    """Find the images of a source that a file of a split puts into a part.

    Args:
        chosen (str | int | Sequence): Name of a part, or of several parts.
        path (str): The file.
        names (Sequence[str]): N images, from :func:`image_names`.
        source (str): Name of the source, for messages.
        patients (ndarray, optional): (N,), ids in the source. With them, no
            patient may be in two parts.
        owners (ndarray, optional): (N,), the same, where the source has them.
            The patients of the file must have the same images.

    Returns:
        ndarray: int64, ascending positions, at least one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file divides another table, if its rows were
            changed, if it has no such part, or if a patient is in two parts.
    """
    where = f'part=({chosen!r}, {path!r}) of {source}'
    record, rows = _read(path, where)
    own = fingerprint(names)
    found = [s['name'] for s in record['sources'] if s['fingerprint'] == own]
    if len(found) > 1:  # several folders hold images with these names
        # A name may hold a comma, and sources with equal images have several.
        found = [n for n in found if f', {source}, ' in f', {n}, ']
        if len(found) != 1:
            raise ValueError(
                f'{where}: several sources of the file have images with these '
                'names. Expected a dataset with the `name` of one of them'
            )
    if not found:
        known = ', '.join(
            f'{s["name"]} ({s["images"]:,} images, {s["fingerprint"]})'
            for s in record['sources']
        )
        raise ValueError(
            f'{where}: the file divides {known}; {source} is another table '
            f'({len(names):,} images, {own}). Write a split of this one with '
            'mmda split'
        )
    (name,) = found
    # The record is line 1, the header is line 2.
    mine = [(n, row) for n, row in enumerate(rows, 3) if row[0] == name]
    if [row[1] for _, row in mine] != list(names):
        raise ValueError(
            f'{where}: the images of {name} are not those of the table, or '
            f'they are in another order (found {len(mine):,}, expected '
            f'{len(names):,}). Change only the column part of this file'
        )
    _check_patients(rows, [row[2] for row in rows], where)
    parts = [row[3] for _, row in mine]
    if patients is not None:
        ids = [p.decode() if isinstance(p, bytes) else p for p in patients]
        _check_patients([row for _, row in mine], ids, where)
    if owners is not None and all(row[2] for _, row in mine):
        pairs = {(row[2], p) for (_, row), p in zip(mine, owners, strict=True)}
        listed, own_ids = zip(*pairs, strict=True)
        if not len(pairs) == len({*listed}) == len({*own_ids}):
            raise ValueError(
                f'{where}: the patients of {name} in the file have other '
                f'images than those of {source}. Write a split of this table '
                'with mmda split'
            )
    is_list = isinstance(chosen, (list, tuple))
    wanted = [str(one) for one in (chosen if is_list else [chosen])]
    known_parts = dict.fromkeys(row[3] for row in rows)
    lost = [one for one in wanted if one not in known_parts]
    if lost or not wanted or len({*wanted}) < len(wanted):
        raise ValueError(
            f'{where}: expected one of {", ".join(known_parts)}, or a list of '
            'different ones'
        )
    chosen_rows = np.flatnonzero(np.isin(parts, wanted))
    if not chosen_rows.size:
        raise ValueError(f'{where}: no image of {source} is in this part')
    return chosen_rows


def divided_parts(path: str) -> set[str]:
    """Return the parts that ``mmda split`` has divided images into.

    Args:
        path (str): The file.

    Returns:
        set[str]: The names, without those that ``--known`` alone has named.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no split.
    """
    return {*_read(path, 'split')[0].get('fractions', ())}


def _read(path: str, where: str) -> tuple[dict, list[list[str]]]:
    try:
        with open(
            path, encoding='utf-8', errors='surrogateescape', newline=''
        ) as file:
            first = file.readline()
            header, *rows = csv.reader(file)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{where}: there is no file {path}. mmda split writes one'
        ) from error
    except (ValueError, csv.Error):
        first, header, rows = '', [], []
    try:
        record = json.loads(first.removeprefix('# '))
        sources = record['sources']
        keys = [(s['name'], s['images'], s['fingerprint']) for s in sources]
        is_valid = record['mmda_split'] == VERSION and keys
    except (ValueError, KeyError, TypeError):
        is_valid = False
    if not is_valid or tuple(header) != COLUMNS:
        raise ValueError(
            f'{where}: {path} is no split of version {VERSION}: expected the '
            f'two first lines that mmda split writes, found {first[:60]!r}'
        )
    short = [n for n, row in enumerate(rows, 3) if len(row) != len(COLUMNS)]
    if short:
        raise ValueError(
            f'{where}: line {short[0]} of {path}: found '
            f'{len(rows[short[0] - 3])} cells, expected {len(COLUMNS)}'
        )
    return record, rows


def _check_patients(
    rows: Sequence[Sequence[str]], ids: Sequence[Any], where: str
) -> None:
    """Refuse a patient in two parts. An empty id stands for no patient."""
    seen: dict[Any, Sequence[str]] = {}
    for row, patient in zip(rows, ids, strict=True):
        key = (row[0], patient)
        if patient == '' or seen.setdefault(key, row)[3] == row[3]:
            continue
        raise ValueError(
            f'{where}: patient {patient} of {row[0]} is in two parts: '
            f'{seen[key][1]} in {seen[key][3]}, {row[1]} in {row[3]}'
        )
