"""Turn a checkpoint into config and weights of a stock model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import MODELS
from mmengine.utils import import_modules_from_strings
from torch import Tensor, nn

from mmda.engine.checkpoint import checkpoint_loading
from mmda.engine.hooks.check_label_space_hook import head_classes
from mmda.engine.hooks.check_weights_hook import load_weights

from .config import find_pipeline, whole_model
from .config_names import use_names
from .config_text import check_parts, parse_config
from .fold import (
    can_fold,
    fold_model_config,
    fold_segmentor_config,
    fold_segmentor_state,
    fold_state_dict,
    prediction_thr,
    without_pretrained,
)
from .options import walk_config
from .run_config import RunConfig


def fold_checkpoint(
    checkpoint: Mapping[str, Any],
    name: str = 'the checkpoint',
    unsafe_load: bool = False,
    as_is: bool = False,
) -> tuple[Config, dict]:
    """Return config and checkpoint of the stock model.

    Args:
        checkpoint (Mapping): A checkpoint that mmengine's Runner saved, with
            its config.
        name (str): Name of the checkpoint, for messages.
        unsafe_load (bool): Whether to import the modules that the config
            names in ``custom_imports``, and whether a ``type`` may be any
            function. Defaults to False.
        as_is (bool): Whether a model without an adapter that folds is
            returned as it is. Otherwise, it is an error. Defaults to False.

    Returns:
        tuple[Config, dict]: A config with ``model``, the test pipeline and
        the classes, and the checkpoint. Both need one host only: mmpretrain,
        or mmseg for a segmentor.

    Raises:
        ValueError: If the checkpoint has no config or no weights, if its
            config holds more than values, if a weight is missing, or if there
            is no adapter to fold.
    """
    meta = checkpoint.get('meta') or {}
    trained = read_config(meta, name, unsafe_load)
    is_segmentor = 'decode_head' in trained.model
    folds = can_fold(trained.model)
    if as_is and not folds:
        model = without_pretrained(trained.model)
    elif is_segmentor:
        model = fold_segmentor_config(trained.model)
    else:
        model = fold_model_config(trained.model)
    stored = meta.get('dataset_meta') or {}
    classes = stored.get('classes')
    state: dict[str, Tensor] = trained_model(
        trained, checkpoint, classes, name, unsafe_load
    ).state_dict()
    if folds and is_segmentor:
        thr = prediction_thr(trained.model)
        state = fold_segmentor_state(state, thr)
        if thr:
            print_log(
                f'thr={thr} is kept: the folded head has one answer more than '
                'classes, "no class", which is the same at every pixel'
            )
    elif folds:
        state = fold_state_dict(state)
    metainfo = {k: stored[k] for k in ('classes', 'palette') if k in stored}
    config = RunConfig.of(_stock_config(trained, model, metainfo))
    if not unsafe_load:
        check_parts(config._cfg_dict, f"{name}, meta['cfg']")
        _check_text(config, f"{name}, meta['cfg']")
    meta = dict(dataset_meta=metainfo, cfg=config.pretty_text)
    info = (checkpoint.get('message_hub') or {}).get('runtime_info') or {}
    for key in ('positives_per_source', 'sampled_sources'):  # for inference
        if key in info:
            meta[key] = info[key]
    return config, dict(meta=meta, state_dict=state)


def read_config(
    meta: Mapping[str, Any], name: str, unsafe_load: bool = False
) -> Config:
    """Read the config of a checkpoint, and check the parts of its model.

    Args:
        meta (Mapping): ``meta`` of the checkpoint: ``cfg``, and the classes of
            ``dataset_meta``. They take the place of a file of the label space
            in the config, which a stock tool leaves there.
        name (str): See :func:`fold_checkpoint`.
        unsafe_load (bool): See there.

    Returns:
        Config: The config of the training.

    Raises:
        ValueError: If there is no config of a model, or if it holds more than
            values.
    """
    where, text = f"{name}, meta['cfg']", meta.get('cfg')
    config = parse_config(text, where) if isinstance(text, str) else Config()
    if not isinstance(config.get('model'), dict):
        raise ValueError(
            f'{where}: there is no config of a model; expected a checkpoint '
            'that mmda train saved'
        )
    config = use_names(config, _scope_of(config.model))
    config.model = whole_model(config)
    classes = (meta.get('dataset_meta') or {}).get('classes')
    for _, part in walk_config(config._cfg_dict['model']):
        if isinstance(part, dict) and isinstance(part.get('classes'), str):
            if not classes:
                raise ValueError(
                    f'{name} does not hold the classes of the file '
                    f'{part["classes"]}: expected a checkpoint that mmda '
                    'train saved'
                )
            part['classes'] = tuple(classes)
    if not unsafe_load:
        check_parts(dict(model=config.model), where)
    elif config.get('custom_imports'):
        import_modules_from_strings(**config.custom_imports)
    return config


def _scope_of(model: Mapping[str, Any]) -> str:
    return 'mmseg' if 'decode_head' in model else 'mmpretrain'


def _check_text(config: Config, where: str) -> None:
    """Check that the file of a config holds the values of the config only.

    mmengine writes a quote in a key as it stands, so a key can end in code.
    """
    wrong = f'{where}: a key of this config is no name'
    try:
        text = config.pretty_text
    except SyntaxError as error:  # mmengine writes text that is no Python
        raise ValueError(wrong) from error
    if parse_config(text, where)._cfg_dict != config._cfg_dict:
        raise ValueError(wrong)


def trained_model(
    config: Config,
    checkpoint: Mapping[str, Any],
    classes: Sequence[str] | None,
    name: str,
    unsafe_load: bool = False,
) -> nn.Module:
    """Build the model of a config, and load the weights of a checkpoint.

    Args:
        config (Config): From :func:`read_config`.
        checkpoint (Mapping): See :func:`fold_checkpoint`.
        classes (Sequence[str], optional): Classes that the checkpoint names.
        name (str): See :func:`fold_checkpoint`.
        unsafe_load (bool): See there.

    Returns:
        Module: The model.

    Raises:
        ValueError: If the model cannot be built, or if weights, classes and
            config contradict each other.
    """
    scope = _scope_of(config.model)
    with (
        checkpoint_loading(unsafe_load),  # a part may load weights, too
        MODELS.switch_scope_and_registry(scope) as registry,
    ):
        try:
            # The weights of the checkpoint replace pretrained ones.
            model = registry.build(without_pretrained(config.model))
        except (KeyError, TypeError, RuntimeError) as error:
            raise ValueError(
                f'{name}: the model of its config cannot be built: {error}. '
                'With --unsafe-load, the command also imports the modules of '
                'custom_imports'
            ) from error
    untrained = load_weights(model, checkpoint, name)
    _, own = head_classes(model)
    if untrained or (own and classes and tuple(own) != tuple(classes)):
        raise ValueError(
            f'{name} contradicts its own config: the model has the classes '
            f'{own}, dataset_meta {classes}, and no weights belong to '
            f'{untrained}'
        )
    return model


def _stock_config(config: Config, model: dict, metainfo: dict) -> Config:
    """Return a config of stock parts that can test the folded model."""
    is_segmentor = 'decode_head' in model
    dataset: dict[str, Any] = dict(type='MultiLabelDataset', ann_file='')
    if is_segmentor:
        dataset = dict(type='BaseSegDataset', test_mode=True)
    pipeline = _stock_loader(find_pipeline(config.get('test_dataloader')))
    return Config(
        dict(
            default_scope='mmseg' if is_segmentor else 'mmpretrain',
            classes=metainfo.get('classes'),
            model=model,
            test_pipeline=pipeline,
            test_dataloader=dict(
                batch_size=1 if is_segmentor else 32,
                num_workers=2,
                dataset=dict(dataset, metainfo=metainfo, pipeline=pipeline),
                sampler=dict(type='DefaultSampler', shuffle=False),
            ),
        )
    )


def _stock_loader(pipeline: Any) -> Any:
    """Replace the loader of mmda, which no host has."""
    if not pipeline or pipeline[0].get('type') != 'LoadMedicalImage':
        return pipeline
    policy = pipeline[0].get('pixel_range', 'dicom_window')
    lost = 'images of more bits, or DICOM'
    if policy not in ('dicom_window', 'bit_depth'):
        lost = f'the answers of the training, with pixel_range={policy!r}'
    print_log(
        'the folded config loads images of 8 bits as they are, as the hosts '
        f'do. For {lost}, put {dict(pipeline[0])} back, which needs mmda',
        level=logging.WARNING,
    )
    is_grey = pipeline[0].get('color_type') == 'grayscale'
    stock = dict(
        type='LoadImageFromFile',
        color_type='grayscale' if is_grey else 'color',
        imdecode_backend='pillow',
    )
    return [stock, *pipeline[1:]]
