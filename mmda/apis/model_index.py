"""Tell mmpretrain's hub which models mmda ships."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.apis import ModelHub

from .config import find_config


def register_models() -> None:
    """Let ``mmpretrain.list_models`` and ``get_model`` know our models.

    The name of a model is the name of its config. ``import mmda`` does not
    call this function, because reading the index takes part of a second. A
    second call changes nothing. The models of segmentation are listed too.
    mmpretrain cannot build them: give their config to
    ``mmseg.apis.init_model``.

    Examples:
        >>> from mmpretrain import get_model, list_models
        >>> register_models()
        >>> list_models('da-recipe*digits')
        ['da-recipe_small-cnn_500i_digits', \
'da-recipe_small-cnn_500i_three-digits']
        >>> get_model('digits').head.num_classes
        7
    """
    if not ModelHub.has('digits'):
        root = Path(find_config('mmda::da/digits.py')).parents[2]
        ModelHub.register_model_index(root / 'model-index.yml', root)
