"""Stop a test whose checkpoint lacks weights of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from mmda.models.adapters import NamedClasses

from ..resumable_fsdp_strategy import is_sharded
from .check_label_space_hook import head_classes, inner_model

# A checkpoint of a stock model has no class names, and counts its batches
# only in some versions. Neither changes an answer.
_NO_WEIGHTS = ('num_batches_tracked', 'class_names')


def load_weights(
    model: nn.Module, checkpoint: Mapping[str, Any], path: str
) -> tuple[str, ...]:
    """Load all weights of a model.

    Args:
        model (Module): The model, or a wrapper with the model as ``module``.
        checkpoint (Mapping): A checkpoint, or a dict of weights.
        path (str): Name of the checkpoint, for messages.

    Returns:
        tuple[str, ...]: The classes of the model that the checkpoint does not
        know. Their answers are random.

    Raises:
        ValueError: If a weight is missing or has another shape, if the
            checkpoint knows no class of the model, or if this process holds
            only a part of the weights.
    """
    if is_sharded(model):
        raise ValueError(
            f'{path} cannot be loaded into this model: each process holds '
            'a part of the weights (FSDP). Load it without FSDP, as '
            '`mmda test` does'
        )
    model = inner_model(model)
    state = checkpoint.get('state_dict', checkpoint)
    if not isinstance(state, dict) or any(type(k) is not str for k in state):
        raise ValueError(
            f'{path} is no checkpoint: expected a dict of weights, found '
            f'{type(state).__name__}'
        )
    # DistributedDataParallel writes this prefix. mmengine removes it, too.
    consume_prefix_in_state_dict_if_present(state, 'module.')
    does_not_fit = f'{path} does not fit the model of the config'
    own = {
        key: weight
        for key, weight in model.state_dict().items()
        if not key.endswith(_NO_WEIGHTS)
    }
    try:
        missing, unknown = model.load_state_dict(state, strict=False)
    # Names or weights of classes that contradict each other raise many kinds.
    except (RuntimeError, LookupError, ValueError, AttributeError) as error:
        other = [
            f'{key} is {_shape(state[key])}, not {_shape(weight)}'
            for key, weight in own.items()
            if key in state and _shape(state[key]) != _shape(weight)
        ]
        reason = f'{type(error).__name__}, {" ".join(str(error).split())}'
        raise ValueError(
            f'{does_not_fit}: {"; ".join(other[:3]) or reason}'
        ) from error
    missing = [key for key in missing if key in own]
    if missing:
        found = f'; it has {unknown[:3]} instead' if unknown else ''
        raise ValueError(
            f'{does_not_fit}: {len(missing)} of {len(own)} weights are '
            f'missing, such as {missing[:3]}{found}'
        )
    return _untrained(model, does_not_fit)


def _shape(value: Any) -> tuple[int, ...] | str:
    shape = getattr(value, 'shape', None)
    return type(value).__name__ if shape is None else tuple(shape)


def _untrained(model: nn.Module, does_not_fit: str) -> tuple[str, ...]:
    """Return the classes that the loaded checkpoint does not know."""
    names: dict[str, None] = {}  # a set that keeps the order
    for module in model.modules():
        if not isinstance(module, NamedClasses) or module.stored is None:
            continue
        classes = module.classes or ()
        added = [name for name in classes if name not in module.stored]
        if len(added) == len(classes):
            raise ValueError(
                f'{does_not_fit}: it knows the classes {module.stored} (none '
                'for a stock layer of another shape), and none of the '
                f'{len(classes)} classes {classes}'
            )
        names |= dict.fromkeys(added)
    return tuple(names)


@HOOKS.register_module()
class CheckWeightsHook(Hook):
    """Stop a test if the checkpoint lacks weights of the model.

    ``mmda test`` adds this hook. The stock runner logs a warning where weights
    are missing, and then measures random answers.

    The metrics of image labels mark a class that the checkpoint does not
    know. With another metric, and with predictions for the stock tools
    (``DumpResults``), such a checkpoint is an error.
    """

    def __init__(self) -> None:
        self.untrained: tuple[str, ...] = ()
        self.stored: tuple[str, ...] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights.

        Raises:
            ValueError: See :func:`load_weights`.
        """
        path = str(runner._load_from)
        self.untrained = load_weights(runner.model, checkpoint, path)
        if head_classes(runner.model)[1] is None:
            meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
            self.stored = meta.get('classes')

    def before_test(self, runner: Runner) -> None:
        """Tell the metrics which classes the checkpoint does not know.

        Raises:
            ValueError: If a metric cannot mark a class; or if the head has no
                class names, and the test data have other classes than the
                data of the training.
        """
        dataset = runner.test_dataloader.dataset
        meta = getattr(dataset, 'metainfo', None) or {}
        given = meta.get('classes')
        if self.stored and given and tuple(self.stored) != tuple(given):
            raise ValueError(
                f'{runner._load_from} was trained for the classes '
                f'{tuple(self.stored)}, the test data have {tuple(given)}'
            )
        if not self.untrained:
            return
        evaluator = runner.test_evaluator
        for metric in evaluator.metrics:
            if not getattr(metric, 'marks_untrained', False):
                raise ValueError(
                    f'{runner._load_from} does not know the classes '
                    f'{self.untrained} of the config, and '
                    f'{type(metric).__name__} cannot leave them out: expected '
                    'a config without these classes'
                )
        evaluator.dataset_meta = dict(meta, untrained_classes=self.untrained)
