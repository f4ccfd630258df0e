"""Turn a trained segmentor with adapters into a stock one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

import mmda.models  # noqa: F401  (registers the heads)
from mmda.models.adapters import DynamicAdapter, check_num_classes
from mmda.models.decode_heads import none_logit

HEADS = ('decode_head', 'auxiliary_head')
ENCODING = '.head.conv_seg.task_encoding'


def fold_decode_head(head: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the stock head with a plain ``conv_seg``.

    Args:
        head (Mapping): Config of a segmentation ``DynamicAdapterHead``.

    Returns:
        dict: Config of the head that it wraps, with the same answers; with
        ``thr`` one more, "no class".

    Raises:
        ValueError: If the head is no ``DynamicAdapterHead``.

    Examples:
        >>> fold_decode_head(dict(type='DynamicAdapterHead', num_classes=5,
        ...                       head=dict(type='FCNHead')))['num_classes']
        5
    """
    if head.get('type') != 'DynamicAdapterHead':
        raise ValueError(
            f'the head is a {head.get("type")!r}, expected '
            "'DynamicAdapterHead': there is no adapter to fold"
        )
    folded = copy.deepcopy(dict(head['head']))
    if head.get('classes') or head.get('num_classes'):
        folded['num_classes'] = check_num_classes(
            head.get('num_classes'), head.get('classes')
        )
    # The answer "no class" is one of the stock head's.
    folded['num_classes'] += bool(head.get('thr'))
    folded['out_channels'] = folded['num_classes']
    # Answers are probabilities of their own, not of one choice among all.
    folded['loss_decode'] = dict(
        type='CrossEntropyLoss', use_sigmoid=True, avg_non_ignore=True
    )
    return folded


def fold_segmentor_config(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the stock segmentor.

    Args:
        model (Mapping): Config of a segmentor whose heads, those of a cascade
            or auxiliary ones too, may be a ``DynamicAdapterHead``.

    Returns:
        dict: Config of stock mmseg parts only, without pretrained weights.

    Raises:
        ValueError: If no head is a ``DynamicAdapterHead``.
    """
    folded = copy.deepcopy(dict(model))
    count = 0
    for key in HEADS:
        heads = folded.get(key)
        listed = heads if isinstance(heads, (list, tuple)) else [heads]
        new = []
        for i, head in enumerate(listed):
            if head and head.get('type') == 'DynamicAdapterHead':
                if (key, i) != (HEADS[0], len(listed) - 1):
                    head = {**head, 'thr': 0}  # its answers are no prediction
                head, count = fold_decode_head(head), count + 1
            new.append(head)
        if heads is not None:
            folded[key] = new if isinstance(heads, (list, tuple)) else new[0]
    if not count:
        raise ValueError(
            'neither model.decode_head nor model.auxiliary_head is a '
            'DynamicAdapterHead: there is no adapter to fold'
        )
    folded['type'] = folded['type'].removeprefix('DualView')
    folded['pretrained'] = None
    preprocessor = dict(folded.get('data_preprocessor') or {})
    if preprocessor.get('type') == 'DualViewDataPreprocessor':
        preprocessor.pop('strong_view', None)
        preprocessor['type'] = 'SegDataPreProcessor'
        folded['data_preprocessor'] = preprocessor
    return folded


def fold_segmentor_state(
    state_dict: Mapping[str, Tensor], thr: float = 0.0
) -> dict[str, Tensor]:
    """Replace each adapter's parameters by those of a 1x1 convolution.

    Args:
        state_dict (Mapping[str, Tensor]): Of the trained model.
        thr (float): Of the head that predicts, see :func:`prediction_thr`.
            Above 0 it becomes a row of zeros with a constant bias, whose
            answer "no class" is the best one where all others are below.

    Returns:
        dict[str, Tensor]: ``<head>.conv_seg.weight`` (C, m, 1, 1) and
        ``<head>.conv_seg.bias`` (C,), and all else under the stock names.
    """
    folded = dict(state_dict)
    heads = [k[: -len(ENCODING)] for k in state_dict if k.endswith(ENCODING)]
    for head in heads:
        outer, inner = f'{head}.', f'{head}.head.'
        keys = [key for key in folded if key.startswith(outer)]
        own = {key: folded.pop(key) for key in keys}
        adapter = f'{inner}conv_seg.'
        weight, bias = _fold_adapter(
            {
                k[len(adapter) :]: v
                for k, v in own.items()
                if k.startswith(adapter)
            }
        )
        for key, value in own.items():
            if not key.startswith(adapter):
                folded[outer + key[len(inner) :]] = value
        if thr and head == _last_decode_head(heads):
            weight = torch.cat([weight, torch.zeros_like(weight[:1])])
            bias = torch.cat([bias, bias.new_tensor([none_logit(thr)])])
        folded[f'{outer}conv_seg.weight'] = weight[..., None, None]
        folded[f'{outer}conv_seg.bias'] = bias
    return folded


def prediction_thr(model: Mapping[str, Any]) -> float:
    """Return the ``thr`` of the head that predicts.

    Args:
        model (Mapping): Config of a segmentor.

    Returns:
        float: 0 for a head without one.

    Examples:
        >>> prediction_thr(dict(decode_head=[dict(), dict(thr=0.5)]))
        0.5
    """
    head = model[HEADS[0]]
    if isinstance(head, (list, tuple)):
        head = head[-1]
    return float(head.get('thr') or 0)


def _last_decode_head(heads: list[str]) -> str:
    """Return the prefix of the head that predicts; a cascade has several."""
    own = [head for head in heads if head.startswith(HEADS[0])]
    return max(own, key=lambda head: [int(i) for i in head.split('.')[1:]])


def _fold_adapter(own: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    channels, num_classes = own['kernel'].shape[:2]
    adapter = DynamicAdapter(num_classes, channels, bias='bias' in own)
    adapter.load_state_dict({**own, 'class_names': adapter.class_names})
    return adapter.fold()
