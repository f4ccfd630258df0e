"""What a file says about the model that it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from mmda.report.run_facts import never_trained
from mmda.version import __version__
from mmda.walk import find_outermost, is_partial_config

from .pixel_model import PixelModel

#: Name of the input and of the output in a file.
INPUT, OUTPUT = 'image', 'probabilities'


def model_facts(
    model: PixelModel,
    classes: Sequence[str],
    size: tuple[int, int],
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """Describe input and output of a model.

    Args:
        model (PixelModel): The model.
        classes (Sequence[str]): The label space.
        size (tuple[int, int]): Height and width of the images.
        thresholds (Mapping[str, float]): Threshold of each class, in [0, 1].

    Returns:
        dict[str, Any]: ``task``, ``classes``, ``thresholds``, ``input``,
        ``normalisation``, ``output`` and the versions.
    """
    shape = ['batch', len(classes), *(size if model.is_segmentor else ())]
    return dict(
        task='semantic segmentation'
        if model.is_segmentor
        else 'image classification',
        classes=list(classes),
        thresholds={name: thresholds[name] for name in classes},
        input=dict(
            name=INPUT,
            shape=['batch', model.channels, *size],
            size=list(size),
            dtype='float32',
            mode='RGB' if model.channels == 3 else 'L',
            range=[0, 255],
        ),
        normalisation=dict(
            mean=_numbers(model.mean),
            std=_numbers(model.std),
            inside=True,
        ),
        output=dict(
            name=OUTPUT,
            shape=shape,
            activation=model.activation,
            decision=_decision(model),
        ),
        mmda_version=__version__,
        torch_version=str(torch.__version__),
    )


def _numbers(values: Tensor) -> list[float]:
    """Return float32 numbers as a config writes them: 123.675."""
    return [float(f'{value:.7g}') for value in values.flatten().tolist()]


def _decision(model: PixelModel) -> str:
    if model.is_segmentor:
        return (
            'a pixel shows the class of the highest probability, or no class '
            'if this is below the threshold'
        )
    if model.activation == 'softmax':
        return 'an image shows the class of the highest probability'
    return 'an image shows each class whose probability reaches its threshold'


def label_facts(
    config: Config,
    classes: Sequence[str],
    positives: Mapping[str, Mapping[str, int]] | None,
    sampled: Collection[str] = (),
) -> dict[str, Any]:
    """Describe the labels that a model was trained with.

    Args:
        config (Config): Config of the training, as the checkpoint holds it.
            The datasets are not built.
        classes (Sequence[str]): The label space.
        positives (Mapping, optional): Number of positives in training, by
            class and source.
        sampled (Collection[str]): Sources of which only some label maps were
            counted.

    Returns:
        dict[str, Any]: ``untrained``, the classes without a positive, and
        ``sources``. For each source: ``annotated``, the classes that it
        annotates (None if unknown), ``positives`` by class (None if unknown),
        and ``aliases``, its spelling -> the name in the label space.

    Examples:
        >>> source = dict(type='PartialLabelDataset', name='A', dataset={})
        >>> config = Config(dict(train_dataloader=dict(dataset=source)))
        >>> label_facts(config, ['x', 'y'], dict(x=dict(A=3), y={}))
        {'untrained': ['y'], 'sources': {'A': {'annotated': ['x'],
        'positives': {'x': 3}, 'aliases': {}}}}
    """
    sources: dict[str, dict[str, Any]] = {}
    loader = config.get('train_dataloader') or {}
    # A source inside another source only selects its images.
    for node in find_outermost(loader.get('dataset'), is_partial_config):
        name = str(node.get('name') or node['dataset'].get('type'))
        aliases = dict(node.get('aliases') or {})
        labeled = node.get('labeled_classes')
        annotated = None
        if labeled is not None:
            names = {aliases.get(own, own) for own in labeled}
            annotated = [name for name in classes if name in names]
        sources[name] = dict(
            annotated=annotated, positives=None, aliases=aliases
        )
    if positives is not None:
        counts = {name: positives.get(name) or {} for name in classes}
        for name in [*sources, *(s for k in counts for s in counts[k])]:
            own = {k: counts[k][name] for k in classes if name in counts[k]}
            entry = sources.setdefault(name, dict(aliases={}))
            entry.update(annotated=list(own), positives=own)
    keys = ('annotated', 'positives', 'aliases')
    return dict(
        untrained=list(never_trained(classes, positives, (), sampled)),
        sources={
            name: {key: entry[key] for key in keys}
            for name, entry in sources.items()
        },
    )


def plain(value: Any, where: str) -> Any:
    """Turn a value of a config into a value of JSON.

    Args:
        value (Any): The value. A tuple and a set become a list.
        where (str): Place of the value, for messages.

    Returns:
        Any: The same content in dicts, lists, texts and numbers.

    Raises:
        ValueError: If JSON has no such value.

    Examples:
        >>> plain(dict(scale=(2, 3)), 'test_pipeline')
        {'scale': [2, 3]}
    """
    if isinstance(value, Mapping):
        return {str(k): plain(v, f'{where}.{k}') for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v, f'{where}.{i}') for i, v in enumerate(value)]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ValueError(
        f'{where}: found {value!r:.80}, expected a text, a number, a list or '
        'a dict, which JSON can hold'
    )
