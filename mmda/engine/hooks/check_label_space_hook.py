"""Refuse to run a model on another label space than its own."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader


def check_label_space(
    model: nn.Module, dataloader: DataLoader, phase: str
) -> None:
    """Compare the classes of a model's head with those of a dataset.

    Args:
        model (Module): A model whose ``head``, or ``decode_head``, may know
            its ``classes``. Of a cascade the last one counts.
        dataloader (DataLoader): Its dataset may have ``metainfo['classes']``.
        phase (str): 'train', 'val' or 'test', for the message.

    Raises:
        ValueError: If both know their classes and they differ.
    """
    name = 'head' if hasattr(model, 'head') else 'decode_head'
    head = getattr(model, name, None)
    if isinstance(head, nn.ModuleList):
        head = head[-1]
    own = getattr(head, 'classes', None)
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
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        check_label_space(model, dataloader, phase)
