"""Refuse data whose label space differs from the label space of a model."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmda.models.losses import UnannotatedAsNegativeLoss


def inner_model(model: nn.Module) -> nn.Module:
    """Remove the wrappers of a model.

    Args:
        model (Module): A model, or a wrapper that holds it as ``module``
            (several processes, test-time augmentation).

    Returns:
        Module: The model.
    """
    while isinstance(getattr(model, 'module', None), nn.Module):
        model = model.get_submodule('module')
    return model


def head_classes(model: nn.Module) -> tuple[str, tuple[str, ...] | None]:
    """Find the classes of the head of a model.

    Args:
        model (Module): A model with ``head`` or ``decode_head``. In a cascade
            the last head counts. A wrapper works too, see
            :func:`inner_model`.

    Returns:
        tuple[str, tuple[str, ...] | None]: The name of the attribute that
        holds the head, and the classes of the head. None if the head has no
        class names.
    """
    model = inner_model(model)
    name = 'head' if hasattr(model, 'head') else 'decode_head'
    head = getattr(model, name, None)
    if isinstance(head, nn.ModuleList):
        head = head[-1]
    return name, getattr(head, 'classes', None)


def check_label_space(
    model: nn.Module, dataloader: DataLoader, phase: str
) -> None:
    """Compare the classes of a head with the classes of a dataset.

    The check passes if one of the two has no class names.

    Args:
        model (Module): See :func:`head_classes`.
        dataloader (DataLoader): A dataloader whose dataset may have
            ``metainfo['classes']``.
        phase (str): 'train', 'val' or 'test', for the message.

    Raises:
        ValueError: If the classes or their order differ.
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


def _check_mixing(model: nn.Module) -> None:
    """Refuse what would make a positive label a negative one.

    A mix with an unannotated label is NaN, which the loss takes for 0.
    """
    loss = getattr(getattr(model, 'head', None), 'loss_module', None)
    preprocessor = getattr(model, 'data_preprocessor', None)
    augments = getattr(preprocessor, 'batch_augments', None)
    if isinstance(loss, UnannotatedAsNegativeLoss) and augments is not None:
        raise ValueError(
            'model.data_preprocessor.batch_augments mixes labels before '
            'UnannotatedAsNegativeLoss fills them, so positives would be '
            'lost: expected no batch_augments'
        )


@HOOKS.register_module()
class CheckLabelSpaceHook(Hook):
    """Compare the label spaces of model and data before each loop."""

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to resume in another label space.

        Raises:
            ValueError: If the checkpoint to resume has other classes or
                another order of classes. The checkpoint keeps the state of
                the optimizer by position, so it would serve other classes.
        """
        _, own = head_classes(runner.model)
        meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
        stored = meta.get('classes')
        if not runner._resume or own is None or stored is None:
            return
        if tuple(stored) != tuple(own):
            raise ValueError(
                f'the checkpoint to resume has the classes {tuple(stored)}, '
                f'the head {tuple(own)}. Start a new training from the '
                'weights, with load_from in place of --resume: load_from '
                'matches the weights by class name'
            )

    def before_train(self, runner: Runner) -> None:
        """Check the training data.

        Raises:
            ValueError: If the label spaces differ, or if labels are mixed
                before ``UnannotatedAsNegativeLoss`` fills them.
        """
        _check_mixing(inner_model(runner.model))
        check_label_space(runner.model, runner.train_dataloader, 'train')

    def before_val(self, runner: Runner) -> None:
        """Check the validation data."""
        check_label_space(runner.model, runner.val_dataloader, 'val')

    def before_test(self, runner: Runner) -> None:
        """Check the test data."""
        check_label_space(runner.model, runner.test_dataloader, 'test')
