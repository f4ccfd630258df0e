"""Write a file of mmengine whole, or leave the old one."""

from __future__ import annotations

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmda.files import replacing

#: Name of the backend, for ``backend_args``.
BACKEND = 'mmda.WholeFileBackend'


class WholeFileBackend(LocalBackend):
    """``LocalBackend`` whose files are whole, see :mod:`mmda.files`."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes.

        Args:
            obj (bytes): The content.
            filepath (str | Path): The file. Its folder is made.
        """
        with replacing(filepath) as part:
            part.write_bytes(obj)


register_backend(BACKEND, WholeFileBackend)
