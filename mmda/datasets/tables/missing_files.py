"""The message of a data set that is not there."""

from __future__ import annotations

import os
from collections.abc import Sequence


def require_files(
    kind: str, folder: str, names: Sequence[str], source: str, size: str
) -> None:
    """Check that files are there, with what to do about it in the message.

    Args:
        kind (str): Name of the data set.
        folder (str): Where its files are expected.
        names (Sequence[str]): The files, relative to ``folder``.
        source (str): Where they come from: an address.
        size (str): How large the download is.

    Raises:
        FileNotFoundError: If one is missing.
    """
    missing = [n for n in names if not os.path.exists(f'{folder}/{n}')]
    if missing:
        raise FileNotFoundError(
            f'{kind}: no file {", ".join(missing)} in {folder!r}. Download '
            f'{source} ({size}) into this folder, or name the right one with '
            '`data_root`'
        )
