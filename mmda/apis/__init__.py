"""Functions behind the commands, for use in Python."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model_index import register_models
    from .partial_label_inferencer import Answer, PartialLabelInferencer

__all__ = ['Answer', 'PartialLabelInferencer', 'register_models']


def __getattr__(name: str) -> Any:
    # Both modules need torch, which `--help` of a command must not load.
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    module = (
        'model_index'
        if name == 'register_models'
        else 'partial_label_inferencer'
    )
    return getattr(import_module(f'{__name__}.{module}'), name)
