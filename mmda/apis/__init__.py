"""Functions behind the commands, for use in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .partial_label_inferencer import Answer, PartialLabelInferencer

__all__ = ['Answer', 'PartialLabelInferencer']


def __getattr__(name: str) -> Any:
    # The inferencer needs torch, which `--help` of a command must not load.
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from . import partial_label_inferencer

    return getattr(partial_label_inferencer, name)
