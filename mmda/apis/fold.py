"""Turn a trained adapter model into a stock model with the same answers.

The task encoding of an adapter does not depend on the image. So a trained
adapter is a plain linear layer, or a 1x1 convolution in a segmentor.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmda.models.adapters import DynamicAdapter, check_num_classes
from mmda.models.heads import rename_old_keys

from .options import walk_config

ADAPTER_HEAD = 'DynamicAdapterHead'
LINEAR_HEAD = 'PartialLabelLinearHead'
FOLDABLE = (None, 'DynamicAdapter', 'NamedLinear')
SEG_HEADS = ('decode_head', 'auxiliary_head')
ENCODING = '.head.conv_seg.task_encoding'
# Some augmentations of kornia keep their range as a weight.
STRONG_VIEW = 'data_preprocessor.strong_view.'


def can_fold(model: Mapping[str, Any]) -> bool:
    """Say whether there is a stock model with the same answers.

    Args:
        model (Mapping): Config of a classifier or a segmentor.

    Returns:
        bool: Whether :func:`fold_model_config` takes the config, or
        :func:`fold_segmentor_config` that of a segmentor.

    Examples:
        >>> can_fold(dict(head=dict(type='MultiLabelLinearClsHead')))
        False
    """
    if SEG_HEADS[0] in model:
        heads = [head for key in SEG_HEADS for head in _listed(model.get(key))]
        return any(head.get('type') == ADAPTER_HEAD for head in heads)
    head = model.get('head') or {}
    classifier = head.get('classifier') or {}
    return (
        head.get('type') in (ADAPTER_HEAD, LINEAR_HEAD)
        and classifier.get('type') in FOLDABLE
        # Several networks cannot become one network.
        and model.get('type') != 'MultiNetworkClassifier'
    )


def fold_model_config(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the stock classifier.

    Args:
        model (Mapping): Config of a classifier with a ``DynamicAdapterHead``
            or a ``PartialLabelLinearHead``. The second is a plain layer
            already, apart from the class names.

    Returns:
        dict: Config with parts of mmpretrain only, without pretrained
        weights.

    Raises:
        ValueError: If the model has no such head, or several networks.
    """
    folded = without_pretrained(model)
    head = folded.get('head') or {}
    if not can_fold(folded):
        raise ValueError(
            f'model.head.type is {head.get("type")!r} of a '
            f'{folded.get("type")}, expected {ADAPTER_HEAD!r} or '
            f'{LINEAR_HEAD!r} of a single network: there is no adapter to fold'
        )
    folded['type'] = 'ImageClassifier'
    if head.get('rules'):
        print_log(
            'the folded config does not apply model.head.rules: a class may '
            'be more likely than what it implies. Only a file of mmda export '
            'applies them',
            logger='current',
            level=logging.WARNING,
        )
    folded['head'] = dict(
        type='MultiLabelLinearClsHead',
        num_classes=check_num_classes(
            head.get('num_classes'), head.get('classes')
        ),
        **{k: head[k] for k in ('in_channels', 'thr', 'topk') if k in head},
    )
    folded['data_preprocessor'] = _stock_preprocessor(
        folded, 'ClsDataPreprocessor'
    )
    return folded


def fold_state_dict(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace the weights of the classifier by the weights of a linear layer.

    Args:
        state_dict (Mapping[str, Tensor]): Weights of the trained model.

    Returns:
        dict[str, Tensor]: All other weights, and ``head.fc.weight`` (C, m)
        and ``head.fc.bias`` (C,).
    """
    folded = dict(state_dict)
    rename_old_keys(folded, 'head.')
    _take(folded, STRONG_VIEW)
    weight, bias = _fold_adapter(_take(folded, 'head.classifier.'))
    folded['head.fc.weight'], folded['head.fc.bias'] = weight, bias
    return folded


def fold_decode_head(head: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the stock head with a plain ``conv_seg``.

    Args:
        head (Mapping): Config of a segmentation ``DynamicAdapterHead``.

    Returns:
        dict: Config of the head that it wraps. With ``thr`` above 0, the head
        has one answer more, "no class".

    Raises:
        ValueError: If the head is no ``DynamicAdapterHead``.

    Examples:
        >>> fold_decode_head(dict(type='DynamicAdapterHead', num_classes=5,
        ...                       head=dict(type='FCNHead')))['num_classes']
        5
    """
    if head.get('type') != ADAPTER_HEAD:
        raise ValueError(
            f'the head is a {head.get("type")!r}, expected {ADAPTER_HEAD!r}: '
            'there is no adapter to fold'
        )
    folded = copy.deepcopy(dict(head['head']))
    if head.get('classes') or head.get('num_classes'):
        folded['num_classes'] = check_num_classes(
            head.get('num_classes'), head.get('classes')
        )
    folded['num_classes'] += bool(head.get('thr'))
    folded['out_channels'] = folded['num_classes']
    # Each answer is a probability of its own, not one choice among all
    # classes.
    folded['loss_decode'] = dict(
        type='CrossEntropyLoss', use_sigmoid=True, avg_non_ignore=True
    )
    return folded


def fold_segmentor_config(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the stock segmentor.

    Args:
        model (Mapping): Config of a segmentor. Each of its heads may be a
            ``DynamicAdapterHead``, also in a cascade and as auxiliary head.

    Returns:
        dict: Config with parts of mmseg only, without pretrained weights.

    Raises:
        ValueError: If no head is a ``DynamicAdapterHead``.
    """
    folded = without_pretrained(model)
    count = 0
    for key in SEG_HEADS:
        given: Any = folded.get(key)
        is_list = isinstance(given, (list, tuple))
        heads = list(given) if is_list else [given]
        for i, head in enumerate(heads):
            if head and head.get('type') == ADAPTER_HEAD:
                predicts = key == SEG_HEADS[0] and i == len(heads) - 1
                # Only the answers of the last head are a prediction.
                head = head if predicts else {**head, 'thr': 0}
                heads[i] = fold_decode_head(head)
                count += 1
        if given is not None:
            folded[key] = heads if is_list else heads[0]
    if not count:
        raise ValueError(
            'neither model.decode_head nor model.auxiliary_head is a '
            'DynamicAdapterHead: there is no adapter to fold'
        )
    folded['type'] = folded['type'].removeprefix('DualView')
    preprocessor = folded.get('data_preprocessor') or {}
    if preprocessor.get('type') == 'DualViewDataPreprocessor':
        folded['data_preprocessor'] = _stock_preprocessor(
            folded, 'SegDataPreProcessor'
        )
    return folded


def fold_segmentor_state(
    state_dict: Mapping[str, Tensor], thr: float = 0.0
) -> dict[str, Tensor]:
    """Replace the weights of each adapter by the weights of a convolution.

    Args:
        state_dict (Mapping[str, Tensor]): Weights of the trained model.
        thr (float): Threshold of the head that predicts, see
            :func:`prediction_thr`. Above 0, the convolution gets one more
            answer: a row of zeros with a constant bias. This answer, "no
            class", is the best one where all others are below the threshold.

    Returns:
        dict[str, Tensor]: ``<head>.conv_seg.weight`` (C, m, 1, 1),
        ``<head>.conv_seg.bias`` (C,), and all other weights under the stock
        names.
    """
    from mmda.models.decode_heads import none_logit

    folded = dict(state_dict)
    _take(folded, STRONG_VIEW)
    heads = [k.removesuffix(ENCODING) for k in folded if k.endswith(ENCODING)]
    for head in heads:
        weight, bias = _fold_adapter(_take(folded, f'{head}.head.conv_seg.'))
        for key, value in _take(folded, f'{head}.head.').items():
            folded[f'{head}.{key}'] = value
        if thr and head == _last_decode_head(heads):
            weight = torch.cat([weight, torch.zeros_like(weight[:1])])
            bias = torch.cat([bias, bias.new_tensor([none_logit(thr)])])
        folded[f'{head}.conv_seg.weight'] = weight[..., None, None]
        folded[f'{head}.conv_seg.bias'] = bias
    return folded


def prediction_thr(model: Mapping[str, Any]) -> float:
    """Return the threshold of the head that predicts.

    Args:
        model (Mapping): Config of a segmentor.

    Returns:
        float: The threshold, in [0, 1]. 0 for a head without a threshold.

    Examples:
        >>> prediction_thr(dict(decode_head=[dict(), dict(thr=0.5)]))
        0.5
    """
    head = model[SEG_HEADS[0]]
    if isinstance(head, (list, tuple)):
        head = head[-1]
    return float(head.get('thr') or 0)


def without_pretrained(model: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a config without the places of weights that it began with.

    The checkpoint replaces these weights. A host would fetch them, and can run
    code in them.

    Args:
        model (Mapping): Config of a model.

    Returns:
        dict: The copy.
    """
    folded = copy.deepcopy(dict(model))
    for _, part in walk_config(folded):
        if not isinstance(part, dict):
            continue
        init = part.get('init_cfg')
        steps = init if isinstance(init, (list, tuple)) else [init]
        if any(step and step.get('type') == 'Pretrained' for step in steps):
            del part['init_cfg']
        if 'pretrained' in part:
            part['pretrained'] = None
    return folded


def _listed(heads: Any) -> list[Any]:
    """Return one head or several as a list, without None."""
    given = heads if isinstance(heads, (list, tuple)) else [heads]
    return [head for head in given if head]


def _stock_preprocessor(model: dict[str, Any], name: str) -> dict[str, Any]:
    preprocessor = dict(model.get('data_preprocessor') or {}, type=name)
    preprocessor.pop('strong_view', None)
    return preprocessor


def _last_decode_head(heads: list[str]) -> str:
    """Return the prefix of the head that predicts; a cascade has several."""
    own = [head for head in heads if head.startswith(SEG_HEADS[0])]
    return max(own, key=lambda head: [int(i) for i in head.split('.')[1:]])


def _take(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Remove the weights with a prefix, and return them without it."""
    return {
        key.removeprefix(prefix): state.pop(key)
        for key in list(state)
        if key.startswith(prefix)
    }


def _fold_adapter(own: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return weight (C, m) and bias (C,) of an adapter or a linear layer."""
    if 'kernel' not in own:
        return own['weight'], own['bias']
    channels, num_classes = own['kernel'].shape[:2]
    adapter = DynamicAdapter(num_classes, channels, bias='bias' in own)
    adapter.load_state_dict({**own, 'class_names': adapter.class_names})
    return adapter.fold()
