"""The packages of OpenMMLab that mmda extends: two stacks, one at a time."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import metadata
from importlib.util import find_spec

#: Import name -> the distributions that bring it, the maintained one first.
DISTRIBUTIONS = {
    'mmengine': ('onedl-mmengine', 'mmengine', 'mmengine-lite'),
    'mmcv': ('onedl-mmcv', 'mmcv', 'mmcv-lite', 'mmcv-full'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation'),
}
#: Image classification needs these. Segmentation needs mmseg too.
NEEDED = ('mmengine', 'mmcv', 'mmpretrain')
EXTRAS = (
    "the extra `onedl` (maintained builds, for today's torch) or "
    '`openmmlab` (the original builds, for torch before 2.6), such as '
    "`pip install '.[onedl]'` in the folder of mmda"
)

# What the hosts say about parts that mmda does not use.
_NOISE = ('Could not import OneDL',)
_WARNINGS = ('Fail to import ``MultiScaleDeformableAttention``',)


def check_hosts() -> None:
    """Check that each host is installed once.

    Raises:
        ImportError: If a host is missing, or if two distributions bring it
            into the same folder. The message says what to install or remove.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f'mmda extends packages of OpenMMLab, and found no '
            f'{", ".join(missing)}. Install mmda with {EXTRAS}'
        )
    for name, distributions in DISTRIBUTIONS.items():
        found = _in_one_folder(distributions)
        if len(found) > 1:
            raise ImportError(
                f'{" and ".join(found)} are both installed, and both bring '
                f'{name}: their files are mixed. Remove all with `pip '
                f'uninstall {" ".join(found)}`, and install mmda with '
                f'{EXTRAS}'
            )


def _in_one_folder(distributions: tuple[str, ...]) -> list[str]:
    """Name the distributions that lie beside the first one on the path."""
    folders = {}
    for name in distributions:
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        folders[name] = str(found.locate_file(''))
    # A folder further back on the path, such as of the system, is hidden.
    first = next((p for p in sys.path if p in folders.values()), None)
    return [name for name, folder in folders.items() if folder == first]


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Drop what the hosts say, in a block of imports, about unused parts.

    Other lines and other warnings pass.
    """
    for text in _WARNINGS:
        # mmseg is imported later, and warns then.
        warnings.filterwarnings('ignore', text, UserWarning)
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            yield
    finally:
        for line in out.getvalue().splitlines():
            if line not in _NOISE:
                print(line)
