"""Write resized copies of the images of a folder."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmcv.transforms import Resize
from mmpretrain.datasets.transforms import ResizeEdge
from PIL import Image

from mmda.files import PART, read_json, replacing, write_text
from mmda.version import __version__

from ..broken_images import UnusableImageError
from .copies import encode_copy, is_current
from .load_medical_image import LoadMedicalImage

#: The file beside the copies that says what they are.
SETTINGS = 'resize.json'
_FORMAT = 1  # count up if equal settings give other pixels
_OLD = 60  # seconds after which the writer of an unfinished file is dead


class BrokenSourceError(ValueError):
    """An image that cannot be read, so that it has no resized copy."""


class ImageCopier:
    """Write a resized copy of each image, below another folder.

    A copy has the name of its image, also the suffix, so that tables of paths
    hold for both folders. See :mod:`~mmda.datasets.images.copies` for the
    content of the file.

    Args:
        source (str | os.PathLike): Folder of the images.
        target (str | os.PathLike): Folder of the copies.
        size (Sequence[int]): (edge,): length of the short edge. (height,
            width): size of all copies. As the transforms do, this also
            enlarges smaller images.
        interpolation (str): As in ``Resize``, such as 'area'. Defaults to
            'bilinear'.
        **load: Arguments of :class:`LoadMedicalImage`.

    Raises:
        ValueError: If an argument of the loader has an unknown value.
    """

    def __init__(
        self,
        source: str | os.PathLike,
        target: str | os.PathLike,
        size: Sequence[int],
        interpolation: str = 'bilinear',
        **load: Any,
    ) -> None:
        self.source = Path(source).resolve()
        self.target = Path(target).resolve()
        self.load = LoadMedicalImage(**load)
        if self.load.to_float32:
            raise ValueError('to_float32: found True, but copies have 8 bits')
        if len(size) == 1:
            self.resize = ResizeEdge(size[0], interpolation=interpolation)
        else:
            height, width = size
            self.resize = Resize((width, height), interpolation=interpolation)
        #: What the pixels of all copies depend on.
        self.settings = dict(
            size=list(size),
            interpolation=interpolation,
            color_type=self.load.color_type,
            range=self.load.range_policy,
            format=_FORMAT,
        )

    def claim(self) -> None:
        """Take the folder of the copies, or refuse it.

        Raises:
            ValueError: If one of the two folders holds the other, or if the
                target holds other files or copies of other settings.
        """
        folders = (self.source, self.target)
        if Path(os.path.commonpath(folders)) in folders:
            raise ValueError(
                f'found {self.source} and {self.target}, expected two folders '
                'of which none holds the other'
            )
        file = self.target / SETTINGS
        wanted = dict(source=str(self.source), **self.settings)
        if file.exists():
            found = read_json(file)
            known = found if isinstance(found, dict) else {}
            for key, value in wanted.items():
                if known.get(key) != value:
                    raise ValueError(
                        f'{file}: found copies of {key} {known.get(key)!r}, '
                        f'expected {value!r}. Choose another folder'
                    )
            self._remove_unfinished()
            return
        others = self.target.iterdir() if self.target.exists() else ()
        other = next((x for x in others if not x.name.startswith(PART)), None)
        if other is not None:
            raise ValueError(
                f'{self.target} has {other.name}, but no {SETTINGS}: expected '
                'a new folder, or one of an earlier run'
            )
        wanted['mmda'] = __version__
        write_text(file, json.dumps(wanted, indent=2) + '\n')

    def _remove_unfinished(self) -> None:
        """Remove what killed runs have left, but no file of another run."""
        for part in self.target.rglob(f'{PART}*'):
            # Not `st_mtime`, which a copy has from its original.
            if time.time() - part.stat().st_ctime > _OLD:
                part.unlink(missing_ok=True)

    def copy(self, name: str) -> bool:
        """Write the copy of one image, unless it is there.

        A broken image is copied as it is: a training treats the copy as it
        would treat the image.

        Args:
            name (str): Path of the image, relative to the source.

        Returns:
            bool: Whether it was written. False if there is a copy of this
            size and time of change of the image, with these settings.

        Raises:
            BrokenSourceError: If the image cannot be read.
            ImportError: If the file is DICOM and pydicom is not installed.
            OSError: If the copy cannot be written.
            ValueError: If a link puts the copy among the images.
        """
        source, target = self.source / name, self.target / name
        try:
            # Before the pixels: a change while they are read then counts.
            state = source.stat()
            if is_current(target, self.settings, state):
                return False
            image = self.load(dict(img_path=str(source)))['img']
        except (
            OSError,
            UnusableImageError,
            Image.DecompressionBombError,
        ) as error:
            self._pass_on(source, target)
            raise BrokenSourceError(_reason(error, source)) from error
        image = self.resize(dict(img=image))['img']
        content = encode_copy(image, self.settings, state.st_size)
        self._write(source, target, content, state.st_mtime_ns)
        return True

    def _pass_on(self, source: Path, target: Path) -> None:
        try:
            content = source.read_bytes()
        except OSError:  # no copy of an earlier run may stay
            content = b''
        self._write(source, target, content)

    def _write(
        self,
        source: Path,
        target: Path,
        content: bytes,
        changed: int | None = None,
    ) -> None:
        folder = target.parent.resolve()
        if folder.is_relative_to(self.source) or (
            folder == source.parent.resolve()
        ):
            raise ValueError(
                f'{target.parent} is a link to {folder}, where the images '
                'are: remove the link'
            )
        if target.is_symlink():  # what it names would be written
            target.unlink(missing_ok=True)
        with replacing(target) as part:
            part.write_bytes(content)
            if changed is not None:
                os.utime(part, ns=(changed, changed))


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return ' '.join(str(error).removeprefix(f'{path}: ').split())
