"""Keep the image paths of a table inside of the folder of the config."""

from __future__ import annotations

import os
import os.path as osp
import posixpath
from collections.abc import Iterable, Sequence


def find_outside(
    paths: Iterable[str | bytes], prefix: str, folders: Sequence[str]
) -> int | None:
    """Find the first image of a table that lies outside of all folders.

    A table is data: it may come from anybody. So it chooses files below the
    folders of the config, but no other file, and no address to fetch. A link
    below a folder may lead outside: the table did not make it.

    Args:
        paths (Iterable[str | bytes]): Paths, relative to ``prefix``.
        prefix (str): Folder of the images, perhaps an address such as
            ``'s3://bucket/images'``. '' is the working directory.
        folders (Sequence[str]): Folders that images may lie in, or addresses.

    Returns:
        int | None: Position of the path, None if all lie inside.

    Examples:
        >>> find_outside(['a.png', 'b/../c.png'], 'images', ['images']) is None
        True
        >>> find_outside(['a.png', '../c.png'], 'data/images', ['data/images'])
        1
        >>> find_outside(['../c.png'], 'data/images', ['data']) is None
        True
        >>> find_outside(['http://host/a.png'], '', [''])
        0
    """
    for position, path in enumerate(paths):
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        # Nearly all paths are plain. To resolve each of them would be slow.
        if (
            path[:1] == '/' or '..' in path or ':' in path or '\\' in path
        ) and not any(_is_inside(path, prefix, folder) for folder in folders):
            return position
    return None


def join_prefix(prefix: str, path: str) -> str:
    """Put the folder of the images before a path.

    Args:
        prefix (str): The folder, may be ''.
        path (str): Relative path. An absolute path or an address stays.

    Returns:
        str: The full path.

    Examples:
        >>> join_prefix('images', 'a.png'), join_prefix('images/', '/b.png')
        ('images/a.png', '/b.png')
    """
    if not prefix or osp.isabs(path) or '://' in path:
        return path
    return prefix + path if prefix[-1] == '/' else f'{prefix}/{path}'


def _is_inside(path: str, prefix: str, folder: str) -> bool:
    full = join_prefix(prefix, path)
    if '://' not in full and '://' not in folder:
        begin = osp.join(osp.abspath(folder or '.'), '')
        return osp.abspath(full).startswith(begin)
    scheme, _, rest = full.partition('://')
    folder_scheme, _, begin = folder.partition('://')
    if '://' in rest or scheme != folder_scheme:
        return False
    begin = begin.rstrip('/') + '/'
    return posixpath.normpath(rest).startswith(begin)
