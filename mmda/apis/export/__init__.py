"""Export a trained model to files that need no mmda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exporter import export_model

__all__ = ['export_model']


def __getattr__(name: str) -> Any:
    # The export needs torch, which `--help` of the command must not load.
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from .exporter import export_model

    return export_model
