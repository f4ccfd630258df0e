"""Turn a trained adapter model into a stock one of the same answers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from torch import Tensor

import mmda.models  # noqa: F401  (registers the heads)
from mmda.models.adapters import DynamicAdapter, check_num_classes
from mmda.models.heads import rename_old_keys

from .fold_segmentor import (
    fold_segmentor_config,
    fold_segmentor_state,
    prediction_thr,
)

ADAPTER_HEAD = 'DynamicAdapterHead'
LINEAR_HEAD = 'PartialLabelLinearHead'
FOLDABLE = (None, 'DynamicAdapter', 'NamedLinear')


def can_fold(model: Mapping[str, Any]) -> bool:
    """Return whether a classifier has a stock one of the same answers.

    Args:
        model (Mapping): Its config.

    Returns:
        bool: Whether :func:`fold_model_config` takes it.

    Examples:
        >>> can_fold(dict(head=dict(type='MultiLabelLinearClsHead')))
        False
    """
    head = model.get('head') or {}
    # Several networks cannot become one.
    is_one = model.get('type') != 'MultiNetworkClassifier'
    is_linear = (head.get('classifier') or {}).get('type') in FOLDABLE
    return (
        is_one
        and is_linear
        and head.get('type') in (ADAPTER_HEAD, LINEAR_HEAD)
    )


def fold_model_config(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the stock model with a plain linear layer.

    Args:
        model (Mapping): Config of a classifier with a ``DynamicAdapterHead``,
            or a ``PartialLabelLinearHead``, which is plain but for the names.

    Returns:
        dict: Config of stock mmpretrain parts only.

    Raises:
        ValueError: If the head is neither.
    """
    folded = copy.deepcopy(dict(model))
    head = folded.get('head') or {}
    if not can_fold(folded):
        raise ValueError(
            f'model.head.type is {head.get("type")!r} of a '
            f'{folded.get("type")}, expected {ADAPTER_HEAD!r} or '
            f'{LINEAR_HEAD!r} of a single network: there is no adapter to fold'
        )
    kept = ('in_channels', 'thr', 'topk')
    classes = head.get('classes')
    folded['type'] = 'ImageClassifier'
    folded['head'] = dict(
        type='MultiLabelLinearClsHead',
        num_classes=check_num_classes(head.get('num_classes'), classes),
        **{key: head[key] for key in kept if key in head},
    )
    preprocessor = dict(folded.get('data_preprocessor') or {})
    preprocessor.pop('strong_view', None)
    preprocessor['type'] = 'ClsDataPreprocessor'
    folded['data_preprocessor'] = preprocessor
    return folded


def fold_state_dict(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace the adapter's parameters by the linear layer's.

    Args:
        state_dict (Mapping[str, Tensor]): Of the trained model.

    Returns:
        dict[str, Tensor]: ``head.fc.weight`` (C, m) and ``head.fc.bias``
        (C,) in place of the weights of the classifier.
    """
    folded = dict(state_dict)
    rename_old_keys(folded, 'head.')
    prefix = 'head.classifier.'
    own = {
        key.removeprefix(prefix): folded.pop(key)
        for key in list(folded)
        if key.startswith(prefix)
    }
    if 'kernel' not in own:
        weight, bias = own['weight'], own['bias']
    else:
        channels, num_classes = own['kernel'].shape[:2]
        adapter = DynamicAdapter(num_classes, channels, bias='bias' in own)
        own['class_names'] = adapter.class_names
        adapter.load_state_dict(own)
        weight, bias = adapter.fold()
    folded['head.fc.weight'], folded['head.fc.bias'] = weight, bias
    return folded


def fold_checkpoint(checkpoint: Mapping[str, Any]) -> tuple[Config, dict]:
    """Return config and checkpoint of a stock model of the same answers.

    Args:
        checkpoint (Mapping): As saved by mmengine's Runner, with its config.

    Returns:
        tuple[Config, dict]: A config with ``model``, the test pipeline and
        the classes, and the checkpoint; both need the stock host alone
        (mmpretrain, or mmseg for a segmentor).

    Raises:
        ValueError: If the checkpoint has no config, or nothing to fold.
    """
    text = checkpoint.get('meta', {}).get('cfg')
    if text is None:
        raise ValueError(
            "the checkpoint has no meta['cfg']; expected one saved by "
            'tools/train.py'
        )
    trained = Config.fromstring(text, file_format='.py')
    stored = dict(checkpoint['meta'].get('dataset_meta', {}))
    metainfo = {
        k: stored.get(k) for k in ('classes', 'palette') if k in stored
    }
    pipeline = find_pipeline(trained.get('test_dataloader') or {})
    if 'decode_head' in trained.model:
        scope, model = 'mmseg', fold_segmentor_config(trained.model)
        thr = prediction_thr(trained.model)
        state = fold_segmentor_state(checkpoint['state_dict'], thr)
        if thr:
            print_log(
                f'thr={thr} is kept: the folded head has one answer more than '
                'classes, "no class", which is the same at every pixel'
            )
        dataset = dict(type='BaseSegDataset', test_mode=True)
    else:
        scope, model = 'mmpretrain', fold_model_config(trained.model)
        state = fold_state_dict(checkpoint['state_dict'])
        dataset = dict(type='MultiLabelDataset', ann_file='')
    dataset.update(metainfo=metainfo, pipeline=pipeline)
    config = Config(
        dict(
            default_scope=scope,
            classes=stored.get('classes'),
            model=model,
            test_pipeline=pipeline,
            test_dataloader=dict(
                batch_size=1 if scope == 'mmseg' else 32,
                num_workers=2,
                dataset=dataset,
                sampler=dict(type='DefaultSampler', shuffle=False),
            ),
        )
    )
    meta = dict(dataset_meta=metainfo, cfg=config.pretty_text)
    info = checkpoint.get('message_hub', {}).get('runtime_info', {})
    if 'positives_per_source' in info:  # for the inferencer
        meta['positives_per_source'] = info['positives_per_source']
    return config, dict(meta=meta, state_dict=state)


def find_pipeline(node: Any) -> list | None:
    """Return the first non-empty pipeline inside a data loader's config.

    Args:
        node (Any): The data loader, or a part of it.

    Returns:
        list | None: The transforms, None where there are none.

    Examples:
        >>> find_pipeline(dict(dataset=dict(pipeline=[dict(type='Resize')])))
        [{'type': 'Resize'}]
    """
    if isinstance(node, Mapping):
        if node.get('pipeline'):
            return node['pipeline']
        children = list(node.values())
    else:
        children = list(node) if isinstance(node, (list, tuple)) else []
    for child in children:
        found = find_pipeline(child)
        if found is not None:
            return found
    return None
