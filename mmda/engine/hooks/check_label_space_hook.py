"""Refuse to run a model on another label space than its own."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader


def head_classes(model: nn.Module) -> tuple[str, tuple[str, ...] | None]:
    """Return the label space that a model's head knows.

    Args:
        model (Module): A model with ``head`` or ``decode_head`` (of a cascade
            the last one counts), or a wrapper with such a ``module``, as for
            several processes or test-time augmentation.

    Returns:
        tuple[str, tuple[str, ...] | None]: Name of the head's attribute, and
        its classes where it knows them.
    """
    while isinstance(getattr(model, 'module', None), nn.Module):
        model = model.get_submodule('module')
    name = 'head' if hasattr(model, 'head') else 'decode_head'
    head = getattr(model, name, None)
    if isinstance(head, nn.ModuleList):
        head = head[-1]
    return name, getattr(head, 'classes', None)


def check_label_space(
    model: nn.Module, dataloader: DataLoader, phase: str
) -> None:
    """Compare the classes of a model's head with those of a dataset.

    Args:
        model (Module): See :func:`head_classes`.
        dataloader (DataLoader): Its dataset may have ``metainfo['classes']``.
        phase (str): 'train', 'val' or 'test', for the message.

    Raises:
        ValueError: If both know their classes and they differ.
    """
    name, own = head_classes(model)
    metainfo = getattr(dataloader.dataset, 'metainfo', None) or {}
    given = metainfo.get('classes')
    if own is None or given is None or tuple(own) == tuple(given):
        return
    missing = [name for name in own if name not in given]
    extra = [name for name in given if name not in own]
    raise ValueError(
        f'the {phase} dataset has another label space than the head. Only in '
        f'model.{name}.classes: {missing}; only in the dataset: {extra}; '
        f'head: {tuple(own)}; dataset: {tuple(given)}'
    )


@HOOKS.register_module()
class CheckLabelSpaceHook(Hook):
    """Compare the label spaces of model and data before each loop starts."""

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to resume in another label space.

        Raises:
            ValueError: If the checkpoint to resume has other classes, or the
                same in another order: the optimizer's state is kept by
                position and would serve other classes.
        """
        _, own = head_classes(runner.model)
        meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
        stored = meta.get('classes')
        if not runner._resume or own is None or stored is None:
            return
        if tuple(stored) != tuple(own):
            raise ValueError(
                f'the checkpoint to resume has the classes {tuple(stored)}, '
                f'the head {tuple(own)}. Start a new training from its '
                'weights instead, with load_from in place of --resume; they '
                'are matched by class name'
            )

    def before_train(self, runner: Runner) -> None:
        """Check the training data."""
        self._check(runner, runner.train_dataloader, 'train')

    def before_val(self, runner: Runner) -> None:
        """Check the validation data."""
        self._check(runner, runner.val_dataloader, 'val')

    def before_test(self, runner: Runner) -> None:
        """Check the test data."""
        self._check(runner, runner.test_dataloader, 'test')

    def _check(
        self, runner: Runner, dataloader: DataLoader, phase: str
    ) -> None:
        check_label_space(runner.model, dataloader, phase)
