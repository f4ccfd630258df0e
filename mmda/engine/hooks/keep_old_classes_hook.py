"""Load a model into a larger label space, and keep what it knows."""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import BaseLoop, CheckpointLoader, Runner
from torch import Tensor, nn

from mmda.models.adapters import (
    DoDNetController,
    NamedClasses,
    decode_names,
    encode_names,
)
from mmda.models.classifiers import DualViewImageClassifier, Teacher
from mmda.structures import nearest, rename_classes

from .check_label_space_hook import inner_model
from .check_weights_hook import load_weights

_META = 'old_classes'


@HOOKS.register_module()
class KeepOldClassesHook(Hook):
    """Add classes or sources to a model without forgetting the old classes.

    ``load_from`` of the config names the checkpoint of the old model. Without
    this hook, it is loaded as far as it fits. This hook refuses a checkpoint
    that does not fit, and a class that would be lost. There are two ways to
    keep the answers for the old classes:

    - ``freeze=True``: they do not change. The training sets only the weights
      that serve the new classes alone. The backbone, the neck and the layers
      of a decode head are frozen, and normalise as in an evaluation. So are
      the rows of the old classes. The dynamic adapter shares its kernel
      between all classes, so the columns of the old classes are frozen too.
    - ``model.head.loss.teacher_weight=1.0``: they change little. A frozen
      copy of the old model labels the entries of the old classes that are not
      annotated, see
      :class:`~mmda.models.losses.PartialBCEPseudoConsistLoss`. This is for
      image labels.

    Args:
        freeze (bool): Whether to train the new classes alone. Defaults to
            False.
        aliases (Mapping[str, str], optional): Name of a class in the
            checkpoint -> its name in the new label space.
        drop (Collection[str]): Classes of the checkpoint that the new label
            space leaves out. Defaults to none.
    """

    priority = 'HIGH'  # restores the weights before other hooks average them

    def __init__(
        self,
        freeze: bool = False,
        aliases: Mapping[str, str] | None = None,
        drop: Collection[str] = (),
    ) -> None:
        self.freeze = freeze
        self.aliases = dict(aliases or {})
        self.drop = tuple(drop)
        # The classes that the old model knows, and its file.
        self.old: tuple[str, ...] | None = None
        self.path = ''
        # What trained them: class -> source -> positives, and the sources of
        # which only some label maps were counted.
        self.positives: dict[str, dict[str, int]] = {}
        self.sampled: list[str] = []
        self._kept: list[tuple[nn.Parameter, Tensor, Tensor]] = []

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Load the old model, or remember it from the training to resume.

        Raises:
            ValueError: If the checkpoint does not fit, see
                :meth:`load_old`; or if the training to resume did not use
                this hook.
        """
        if not isinstance(runner._train_loop, BaseLoop):
            return  # a test
        if not runner._resume:
            self.path = str(runner._load_from)
            self.old = self.load_old(runner.model, checkpoint, self.path)
            self._remember_labels(checkpoint)
            return
        meta = (checkpoint.get('meta') or {}).get(_META)
        if not meta:
            raise ValueError(
                f'{runner._load_from} comes from a training without '
                'KeepOldClassesHook, so its old classes are not known: '
                'expected load_from in place of --resume'
            )
        self.old, self.path = tuple(meta['classes']), meta['checkpoint']
        # Checkpoints of earlier versions lack these.
        self.positives = meta.get('positives', {})
        self.sampled = meta.get('sampled', [])

    def load_old(
        self, model: nn.Module, checkpoint: dict, path: str
    ) -> tuple[str, ...]:
        """Load all weights of an old model by the names of its classes.

        Args:
            model (Module): The new model, or a wrapper.
            checkpoint (dict): The old model. Its class names are changed to
                those of the new label space.
            path (str): Name of the checkpoint, for messages.

        Returns:
            tuple[str, ...]: The classes that the old model knows.

        Raises:
            ValueError: If the checkpoint has no class names, if the new label
                space lacks one of its classes, or if other weights than those
                of new classes are missing or have another shape.
        """
        state = checkpoint.get('state_dict', checkpoint)
        keys = [key for key in state if str(key).endswith('class_names')]
        if not any(len(state[key]) for key in keys):
            raise ValueError(
                f'{path} has no class names, so its classes cannot be '
                'matched: expected a checkpoint of a model of mmda with '
                '`classes` in its head'
            )
        for key in keys if self.aliases else ():
            names = decode_names(state[key])
            names = rename_classes(names, self.aliases, source=path)
            state[key] = encode_names(names)
        load_weights(model, checkpoint, path)
        old: dict[str, None] = {}  # a set that keeps the order
        for module in _named_classes(model):
            stored, classes = module.stored or (), module.classes or ()
            self._check_lost(stored, classes, path)
            old |= dict.fromkeys(name for name in stored if name in classes)
        return tuple(old)

    def _check_lost(
        self, stored: tuple[str, ...], classes: tuple[str, ...], path: str
    ) -> None:
        for name in self.drop:
            if name not in stored:
                raise ValueError(
                    f'drop={list(self.drop)}: {path} has no class {name!r}'
                    f'{nearest(name, stored)}'
                )
        lost = [n for n in stored if n not in (*classes, *self.drop)]
        if lost:
            raise ValueError(
                f'{path} has the classes {lost}, which the head lacks'
                f'{nearest(lost[0], classes)}. Expected them in the '
                '`classes` of the head, or in `aliases` or `drop` of '
                'KeepOldClassesHook'
            )

    def _remember_labels(self, checkpoint: dict) -> None:
        """Keep which sources trained the old classes, for the reports."""
        hub = checkpoint.get('message_hub') or {}
        info = hub.get('runtime_info') or checkpoint.get('meta') or {}
        positives = info.get('positives_per_source')
        for name, sources in (positives or {}).items():
            self.positives[self.aliases.get(name, name)] = dict(sources)
        self.sampled = list(info.get('sampled_sources') or ())

    def before_train(self, runner: Runner) -> None:
        """Freeze the old classes, or make their teacher.

        Raises:
            ValueError: If no checkpoint was loaded, or if the model cannot be
                frozen or taught.
        """
        if self.old is None:
            raise ValueError(
                'KeepOldClassesHook found no old model: expected load_from'
            )
        model = inner_model(runner.model)
        loss = getattr(getattr(model, 'head', None), 'loss_module', None)
        taught = bool(getattr(loss, 'teacher_weight', 0))
        print_log(
            f'old classes from {self.path}: {self.old}; frozen: '
            f'{self.freeze}; taught by the old model: {taught}',
            logger='current',
            level=logging.INFO,
        )
        if self.freeze:
            if runner.distributed and not getattr(
                runner.model, 'find_unused_parameters', False
            ):
                raise ValueError(
                    'freeze=True with several processes: expected '
                    'find_unused_parameters=True in the config'
                )
            self._freeze(model)
        if taught:
            self._teach(model, old_weights=runner._resume)

    def _freeze(self, model: nn.Module) -> None:
        assert self.old is not None
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self._kept = []
        for module in _named_classes(model):
            for name, mask in module.weights_of(self.old).items():
                weight = module.get_parameter(name)
                weight.requires_grad_(True)
                mask = mask.to(weight.device).expand_as(weight)
                # Clipping then measures the gradient of the new classes.
                weight.register_hook(
                    functools.partial(Tensor.masked_fill, mask=mask, value=0)
                )
                self._kept.append((weight, mask, weight.detach().clone()))
        if all(mask.all() for _, mask, _ in self._kept):
            raise ValueError(
                f'freeze=True: {self.path} knows all classes of the head, so '
                'nothing is left to train. A new source without a new class '
                'needs freeze=False'
            )

    def _teach(self, model: nn.Module, old_weights: bool) -> None:
        assert self.old is not None
        if not isinstance(model, DualViewImageClassifier) or any(
            isinstance(part, DoDNetController) for part in model.modules()
        ):
            raise ValueError(
                'teacher_weight: expected a DualViewImageClassifier with a '
                f'head that answers all classes, found {type(model).__name__}'
                f' with {type(model.head).__name__}'
            )
        teacher = copy.deepcopy(model)
        if old_weights:  # a resumed model has learned on
            checkpoint = CheckpointLoader.load_checkpoint(self.path, 'cpu')
            self.load_old(teacher, checkpoint, self.path)
        model.teacher = Teacher(teacher, self.old)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Let frozen layers act as in an evaluation.

        The loop has set the mode of the whole model just before.
        """
        if self.freeze:
            for module in inner_model(runner.model).modules():
                module.training = isinstance(module, NamedClasses)

    @torch.no_grad()
    def after_train_iter(self, runner: Runner, *args: Any, **_: Any) -> None:
        """Restore the weights of old classes, which weight decay changes."""
        for weight, mask, value in self._kept:
            weight.copy_(value.where(mask, weight))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Tell a resumed training what the old model was."""
        if self.old is not None:
            checkpoint['meta'][_META] = dict(
                classes=list(self.old),
                checkpoint=self.path,
                positives=self.positives,
                sampled=self.sampled,
            )


def _named_classes(model: nn.Module) -> Iterator[NamedClasses]:
    for module in inner_model(model).modules():
        if isinstance(module, NamedClasses):
            yield module
