"""Labels that stop a loss which does not know of unannotated entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
from torch import Tensor

#: Whether ``torch.compile`` traces this code. torch 2.1 cannot say so.
is_compiling = getattr(torch.compiler, 'is_compiling', lambda: False)

# Of the label contract in partial_label.py, which imports this module.
NO_ANNOTATED_CLASS = 254


class CheckedLabels(Tensor):
    """Base class: labels of a sample for training, which check their loss.

    A stock loss takes partial labels without a word: NaN makes every weight
    NaN, and Dice takes a pixel of no annotated class for a negative one.

    The labels are the only thing of mmda that a stock config, a stock runtime
    and a stock tool have in common. So the check travels with them, as their
    type: the host stacks and moves them as any tensor, and torch tells the
    type what is computed with it. There is nothing to register, and no
    function of a host is replaced. The losses of mmda take the plain tensor
    (:func:`plain_tensor`).

    Pickled to a file, the labels are a plain tensor. Between the processes of
    a data loader the type is kept.
    """

    def __init_subclass__(cls) -> None:
        """Keep the type between the processes of a data loader."""
        super().__init_subclass__()
        ForkingPickler.register(cls, _reduce)

    @classmethod
    def __torch_function__(
        cls,
        func: Callable,
        types: Any,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> Any:
        """Run a function of torch, and check what it does with the labels."""
        # torch.compile cannot trace what follows, so it runs without a check.
        if is_compiling():
            return super().__torch_function__(func, types, args, kwargs or {})
        # As the method of the base class, which takes three times as long.
        with torch._C.DisableTorchFunctionSubclass():
            return cls._run(func, args, kwargs or {})

    @classmethod
    def _run(cls, func: Callable, args: tuple, kwargs: dict) -> Any:
        """Run a function of torch on plain tensors, and check it.

        Args:
            func (Callable): The function.
            args (tuple): Its arguments.
            kwargs (dict): Its keyword arguments.

        Returns:
            Any: Its result; labels have their type again.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[Tensor]:
        """Iterate over the rows, which check, too."""
        return iter(self.unbind(0))

    def __deepcopy__(self, memo: dict) -> Tensor:
        """Copy the entries; the copy checks, too."""
        return plain_tensor(self).clone().as_subclass(type(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a plain tensor, which a program without mmda can read."""
        return plain_tensor(self).__reduce_ex__(protocol)


def _reduce(labels: CheckedLabels) -> tuple:
    return _restore, (plain_tensor(labels), type(labels))


def _restore(labels: Tensor, kind: type[CheckedLabels]) -> Tensor:
    return labels.as_subclass(kind)


class PartialScore(CheckedLabels):
    """Labels of an image with unannotated entries, which are NaN.

    Every function of torch may use them. The first result that needs a
    gradient must not hold a NaN of the labels. A loss that masks the labels
    first passes.

    Examples:
        >>> label = torch.tensor([1., float('nan')]).as_subclass(PartialScore)
        >>> logits = torch.zeros(2, requires_grad=True)
        >>> (logits - label)
        Traceback (most recent call last):
        ValueError: the loss got labels with unannotated entries (NaN) ...
        >>> (logits - label.nan_to_num())
        tensor([-1.,  0.], grad_fn=<SubBackward0>)
    """

    @classmethod
    def _run(cls, func: Callable, args: tuple, kwargs: dict) -> Any:
        """Check a result that needs a gradient; see the base class.

        Raises:
            ValueError: If a NaN of the labels has come into such a result.
        """
        result = func(*args, **kwargs)
        if type(result) in (tuple, list):  # the rows of a batch
            return type(result)(_checked(one, cls) for one in result)
        if not isinstance(result, Tensor):
            return result
        if not result.requires_grad:
            is_score = result.is_floating_point()
            return result.as_subclass(cls) if is_score else result
        if result.isnan().any() and _only_labels_have_nan(args, kwargs):
            raise ValueError(_MESSAGE)
        return result


_EXPECTED = (
    'Expected a loss that leaves these out: '
    "dict(type='PartialBCEPseudoConsistLoss'), or the wrapper around a stock "
    "loss of single entries, such as dict(type='PartialLabelLossWrapper', "
    'loss=dict(type={}))'
)
_MESSAGE = (
    'the loss got labels with unannotated entries (NaN) and would train every '
    'weight to NaN. ' + _EXPECTED.format("'AsymmetricLoss'")
)


class PartialLabelMap(CheckedLabels):
    """A label map with pixels that carry none of the annotated classes.

    A stock loss would take these pixels for negatives of all classes, or stop
    at an index out of range. So the map, and what is computed from it, must
    not meet a tensor that needs a gradient. A comparison, such as a mask, and
    a map without these pixels are plain tensors.
    """

    message = (
        'the loss got a label map with pixels that carry none of the classes '
        'that the source annotates (254). '
        + _EXPECTED.format("'CrossEntropyLoss', use_sigmoid=True")
        + ', or a DynamicAdapterHead around the decode head'
    )

    @classmethod
    def _run(cls, func: Callable, args: tuple, kwargs: dict) -> Any:
        """Refuse a function that needs a gradient; see the base class.

        Raises:
            ValueError: If a label meets a tensor that needs a gradient, or
                is an index out of range.
        """
        others = [*args, *kwargs.values()]
        if any(isinstance(x, Tensor) and x.requires_grad for x in others):
            raise ValueError(cls.message)
        name = getattr(func, '__name__', '')
        try:
            result = func(*args, **kwargs)
        except (IndexError, RuntimeError) as error:
            if name == 'one_hot' or isinstance(error, IndexError):
                raise ValueError(cls.message) from error
            raise
        if type(result) in (tuple, list):
            return type(result)(_checked(one, cls) for one in result)
        selects = name in ('masked_fill', 'where') or (
            name == '__getitem__' and isinstance(args[1], Tensor)
        )
        if selects and not cls.in_need(result):
            return result
        return _checked(result, cls)

    @classmethod
    def in_need(cls, label: Tensor) -> bool:
        """Tell whether a part of a map still needs the check."""
        return bool((label == NO_ANNOTATED_CLASS).any())


class OverlappingLabelMap(PartialLabelMap):
    """A label map of classes that may overlap, some of them not annotated.

    A stock head does not say which classes an image annotates. So its loss
    would take a pixel of one class for a negative of all others.
    """

    message = (
        'a stock decode head got a label map of classes that may overlap '
        '(exclusive=False) and are not all annotated. Expected a '
        'DynamicAdapterHead around the decode head, with a loss of mmda'
    )

    @classmethod
    def in_need(cls, label: Tensor) -> bool:
        """Tell that each part needs the check."""
        return True


class TwoViewLabelMap(PartialLabelMap):
    """A label map of a batch with a weak and a strong view.

    A stock head would compare 2N answers with N label maps.
    """

    message = (
        'a stock decode head got a weak and a strong view of each image, but '
        'takes one. Expected type=DualViewEncoderDecoder with a '
        'DynamicAdapterHead around each head, or '
        'data_preprocessor.strong_view=None'
    )

    @classmethod
    def in_need(cls, label: Tensor) -> bool:
        """Tell that each part needs the check."""
        return True


def _checked(value: Any, kind: type[CheckedLabels]) -> Any:
    """Give labels their type again; a mask and a size stay as they are."""
    is_label = isinstance(value, Tensor) and value.dtype != torch.bool
    return value.as_subclass(kind) if is_label else value


def as_partial(score: Tensor) -> Tensor:
    """Return labels as :class:`PartialScore` if an entry is unannotated.

    Args:
        score (Tensor): In [0, 1], or NaN where not annotated.

    Returns:
        Tensor: A view, or ``score`` itself if all entries are annotated.

    Examples:
        >>> type(as_partial(torch.tensor([1., float('nan')]))).__name__
        'PartialScore'
        >>> type(as_partial(torch.tensor([1., 0.]))).__name__
        'Tensor'
    """
    if isinstance(score, PartialScore) or not score.isnan().any():
        return score
    return score.as_subclass(PartialScore)


def plain_tensor(tensor: Tensor) -> Tensor:
    """Return a tensor without the check of :class:`CheckedLabels`.

    Args:
        tensor (Tensor): Any tensor.

    Returns:
        Tensor: A view, or ``tensor`` itself if it is plain.
    """
    if not isinstance(tensor, CheckedLabels):
        return tensor
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.detach()  # as_subclass would break a compiled graph


def _only_labels_have_nan(args: tuple, kwargs: dict) -> bool:
    """Tell a NaN of the labels from a NaN of the answers."""
    values = [*args, *kwargs.values()]
    others = [v for v in values if isinstance(v, Tensor)]
    others = [v for v in others if not isinstance(v, PartialScore)]
    return not any(v.isnan().any() for v in others)
