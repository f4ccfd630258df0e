"""Labels that stop a loss which does not know of unannotated entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor


class PartialScore(Tensor):
    """Labels with unannotated entries, which refuse to turn a loss into NaN.

    A stock loss computes with NaN without a word. Then every weight becomes
    NaN, and a training ends as if nothing had happened.

    The labels are the only thing of mmda that a stock config, a stock runtime
    and a stock tool have in common. So the check travels with them: a sample
    for training carries its labels as this type, the host stacks and moves
    them as any tensor, and the first result that needs a gradient is looked
    at. There is nothing to register, and no function of a host is replaced. A
    loss that masks the labels first (:func:`~mmda.structures.split_annotated`)
    never meets the check.

    Pickled to a file, the labels are a plain tensor. Between the processes of
    a data loader the type is kept.

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
    def __torch_function__(
        cls,
        func: Callable,
        types: Any,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> Any:
        """Run a function of torch, and check a result that needs a gradient.

        Raises:
            ValueError: If a NaN of the labels has come into such a result.
        """
        # As the method of the base class, which takes three times as long.
        with torch._C.DisableTorchFunctionSubclass():
            result = func(*args, **(kwargs or {}))
            if type(result) in (tuple, list):  # the rows of a batch
                return type(result)(
                    one.as_subclass(cls)
                    if isinstance(one, Tensor) and one.is_floating_point()
                    else one
                    for one in result
                )
            if not isinstance(result, Tensor):
                return result
            if not result.requires_grad:
                is_score = result.is_floating_point()
                return result.as_subclass(cls) if is_score else result
            if result.isnan().any() and _only_labels_have_nan(args, kwargs):
                raise ValueError(_MESSAGE)
            return result

    def __iter__(self) -> Iterator[Tensor]:
        """Iterate over the rows, which check, too."""
        return iter(self.unbind(0))

    def __deepcopy__(self, memo: dict) -> Tensor:
        """Copy the entries; the copy checks, too."""
        return as_partial(plain_tensor(self).clone())

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a plain tensor, which a program without mmda can read."""
        return plain_tensor(self).__reduce_ex__(protocol)


_MESSAGE = (
    'the loss got labels with unannotated entries (NaN) and would train every '
    'weight to NaN. Expected a loss that leaves these entries out: '
    "dict(type='PartialBCEPseudoConsistLoss'), or the wrapper around a stock "
    "loss of single entries, such as dict(type='PartialLabelLossWrapper', "
    "loss=dict(type='AsymmetricLoss'))"
)


def protect_labels(results: Any) -> None:
    """Let the labels of packed samples check the loss that they reach.

    Args:
        results (Any): What a pipeline gives, with one or several data samples
            as ``data_samples``. Changed in place: their ``gt_score`` becomes
            a :class:`PartialScore` if an entry is unannotated.
    """
    for sample in packed_samples(results):
        if 'gt_score' in sample:
            sample.set_field(as_partial(sample.gt_score), 'gt_score')


def packed_samples(results: Any) -> list[BaseDataElement]:
    """Return the data samples that a pipeline has packed.

    Args:
        results (Any): What the pipeline gives. Test-time augmentation packs
            several samples.

    Returns:
        list[BaseDataElement]: Possibly empty.
    """
    samples = results.get('data_samples') if isinstance(results, dict) else []
    if not isinstance(samples, (list, tuple)):
        samples = [samples]
    return [one for one in samples if isinstance(one, BaseDataElement)]


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
    """Return a tensor without the check of :class:`PartialScore`.

    Args:
        tensor (Tensor): Any tensor.

    Returns:
        Tensor: A view, or ``tensor`` itself if it is plain.
    """
    if not isinstance(tensor, PartialScore):
        return tensor
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.as_subclass(Tensor)


def _only_labels_have_nan(args: Any, kwargs: Any) -> bool:
    """Tell a NaN of the labels from a NaN of the answers."""
    values = [*args, *(kwargs or {}).values()]
    others = [v for v in values if isinstance(v, Tensor)]
    others = [v for v in others if not isinstance(v, PartialScore)]
    return not any(v.isnan().any() for v in others)


def _reduce(score: PartialScore) -> tuple:
    return as_partial, (plain_tensor(score),)


ForkingPickler.register(PartialScore, _reduce)
