"""The loss of Data-Assemble: BCE where annotated, self-training elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmda.structures import PixelTarget, split_annotated

from .masked_mean import NORMALIZATIONS, mean_weights
from .mean_of_sums import mean_of_sums
from .pixel_sums import pixel_sums
from .sharpen import is_confident, sharpen


@MODELS.register_module()
class PartialBCEPseudoConsistLoss(nn.Module):
    r"""Supervise annotated entries, self-train the others.

    .. math::
        L = L_{bce}(a_w, y) + w_s L_{bce}(a_s, y)
        + r \, (w_p \|a_w - \tilde a_w\|_2^2
        + w_c \|a_s - \tilde a_w\|_2^2)

    with the weak view's answer :math:`a_w`, the strong view's :math:`a_s`,
    the pseudo-label :math:`\tilde a_w` (:func:`sharpen`), and the ramp-up r,
    which grows from 0 to 1. The first two terms are over annotated entries,
    the others over unannotated ones.

    Source: [0] Data-Assemble, eqs. (2) to (6). What differs: each term is a
    mean (see ``normalize``), and by default the last two are ramped up and
    the pseudo-label is a constant; without a ramp-up the first, near-zero
    answers to unannotated questions become their own labels. The literal form
    is ``ramp_up=0``. The second term is not in the paper: where there is a
    label, the strong view can be supervised by it. Of all options it was
    measured to help most (docs/method.md), so the classification configs
    set it.

    Args:
        tau (float): Threshold of the pseudo-label, in [0, 1]. Defaults to 0.5.
        temperature (float): Sharpening temperature t, from 1 (hard labels) to
            inf (none). Defaults to 4.0.
        bce_weight (float): Weight of the supervised term of the weak view.
            Defaults to 1.0.
        strong_bce_weight (float): w_s, the same of the strong view. Defaults
            to 0.0, the paper's.
        pseudo_weight (float): w_p. Defaults to 1.0.
        consist_weight (float): w_c. Defaults to 1.0.
        ramp_up (float): Part of the training, in [0, 1], over which r grows
            linearly from 0 to 1. The progress is read from the runner; outside
            of a runner r is 1. Defaults to 1.0, 0 is no ramp-up.
        confidence (float): Unannotated entries count only where the answer or
            its complement is at least so large; the others add 0. Defaults to
            0.5, all of them; FixMatch's is 0.95.
        detach_pseudo (bool): Whether no gradient passes through the
            pseudo-label. Defaults to True.
        normalize (str): What the terms are means over: 'entry' (all entries
            concerned), 'class' (first within each class) or 'sample' (first
            within each image), over all ranks. Defaults to 'entry'.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> loss = PartialBCEPseudoConsistLoss()
        >>> target = torch.tensor([[1., float('nan')]])
        >>> loss(torch.zeros(1, 2), target)  # one view: BCE alone
        tensor(0.6931)
        >>> loss(torch.zeros(2, 2), target)  # + 0.125^2 twice
        tensor(0.7244)
    """

    def __init__(
        self,
        tau: float = 0.5,
        temperature: float = 4.0,
        bce_weight: float = 1.0,
        pseudo_weight: float = 1.0,
        consist_weight: float = 1.0,
        strong_bce_weight: float = 0.0,
        ramp_up: float = 1.0,
        confidence: float = 0.5,
        detach_pseudo: bool = True,
        normalize: str = 'entry',
    ) -> None:
        super().__init__()
        _check_range('tau', tau, 0, 1)
        _check_range('temperature', temperature, 1, float('inf'))
        _check_range('ramp_up', ramp_up, 0, 1)
        _check_range('confidence', confidence, 0.5, 1)
        for key, weight in (
            ('bce_weight', bce_weight),
            ('strong_bce_weight', strong_bce_weight),
            ('pseudo_weight', pseudo_weight),
            ('consist_weight', consist_weight),
        ):
            _check_range(key, weight, 0, float('inf'))
        if normalize not in NORMALIZATIONS:
            raise ValueError(
                f'normalize={normalize!r}: expected one of {NORMALIZATIONS}'
            )
        self.tau = tau
        self.temperature = temperature
        self.bce_weight = bce_weight
        self.strong_bce_weight = strong_bce_weight
        self.pseudo_weight = pseudo_weight
        self.consist_weight = consist_weight
        self.ramp_up = ramp_up
        self.confidence = confidence
        self.detach_pseudo = detach_pseudo
        self.normalize = normalize

    def forward(
        self,
        cls_score: Tensor,
        target: Tensor,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Return the sum of all terms; the interface of a stock loss.

        Args:
            cls_score (Tensor): Logits, (N, C) or (2N, C), see :meth:`terms`.
            target (Tensor): (N, C), in [0, 1] or NaN.
            avg_factor (float, optional): Number of rows, given by stock
                heads. Not used: the means are over entries of one kind.

        Returns:
            Tensor: Scalar; 0 with a graph where there is nothing to learn.
        """
        losses, _ = self._losses(cls_score, target)
        return torch.stack(list(losses.values())).sum()

    def terms(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return each term of the loss and what to watch beside it.

        Args:
            cls_score (Tensor): Logits of the weak view, (N, C, ...), or of
                both, ``[weak; strong]``, (2N, C, ...).
            target (Tensor | PixelTarget): (N, C, ...), in [0, 1] where
                annotated, else NaN; or the label maps of N images, from which
                no target of full resolution is made.

        Returns:
            dict[str, Tensor]: Scalars: ``loss_bce``, and with two views
            ``loss_pseudo``, ``loss_consist`` and, where its weight is not 0,
            ``loss_strong_bce``; each weighted, 0 with a graph where it has no
            entry; ``annotated_fraction``, and where something
            is unannotated ``unannotated_answer`` (the weak view's mean answer
            there) and ``above_tau_fraction``.

        Raises:
            ValueError: If ``cls_score`` has neither N nor 2N rows.
        """
        if isinstance(target, PixelTarget):
            return self._pixel_terms(cls_score, target)
        losses, annotated = self._losses(cls_score, target)
        with torch.no_grad():
            answer = cls_score[: len(target)].sigmoid()
        return {**losses, **self._diagnostics(answer, annotated)}

    def _losses(
        self, cls_score: Tensor, target: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the terms of the loss, and what is annotated."""
        num = len(target)
        _check_shape(cls_score, target.shape)
        if cls_score.dtype in (torch.float16, torch.bfloat16):
            cls_score = cls_score.float()  # sums of squares need the range
        label, annotated = split_annotated(target.to(cls_score.dtype))
        weight = mean_weights(annotated, self.normalize)
        weak, strong = cls_score[:num], cls_score[num:]
        losses = {'loss_bce': self.bce_weight * _bce(weak, label, weight)}
        if len(strong):
            if self.strong_bce_weight:
                losses['loss_strong_bce'] = self.strong_bce_weight * _bce(
                    strong, label, weight
                )
            losses.update(self._unsupervised(cls_score, ~annotated))
        return losses, annotated

    def _unsupervised(
        self, cls_score: Tensor, unannotated: Tensor
    ) -> dict[str, Tensor]:
        """Eqs. (4) and (5) over unannotated entries."""
        # (2N, C, ...) -> (2, N, C, ...): weak, strong
        answers = cls_score.sigmoid().unflatten(0, (2, -1))
        weak = answers[0].detach() if self.detach_pseudo else answers[0]
        pseudo = sharpen(weak, self.tau, self.temperature)
        weight = mean_weights(unannotated, self.normalize)
        if self.confidence > 0.5:
            weight = weight * is_confident(weak, self.confidence)
        squares = weight * (answers - pseudo).square()
        gap_weak, gap_strong = squares.flatten(1).sum(dim=1)
        ramp = self.ramp_factor()
        return {
            'loss_pseudo': ramp * self.pseudo_weight * gap_weak,
            'loss_consist': ramp * self.consist_weight * gap_strong,
        }

    def _diagnostics(
        self, answer: Tensor, annotated: Tensor
    ) -> dict[str, Tensor]:
        """Return what is logged beside the loss (no key may contain it)."""
        shown = {'annotated_fraction': annotated.float().mean()}
        if not annotated.all():
            open_answers = answer[~annotated]
            shown['unannotated_answer'] = open_answers.mean()
            shown['above_tau_fraction'] = (
                (open_answers > self.tau).float().mean()
            )
        return shown

    def _pixel_terms(
        self, cls_score: Tensor, target: PixelTarget
    ) -> dict[str, Tensor]:
        """Return the same terms and diagnostics, from sums over pixels."""
        num, height, width = target.label.shape
        shape = (num, target.num_classes, height, width)
        _check_shape(cls_score, shape)
        sums = pixel_sums(
            cls_score,
            target,
            self.tau,
            self.temperature,
            self.confidence,
            self.detach_pseudo,
            supervise_strong=self.strong_bce_weight > 0,
        )
        known = target.num_known()
        unknown = height * width - known
        bce = mean_of_sums(sums.bce, known, self.normalize)
        terms = {'loss_bce': self.bce_weight * bce}
        if len(cls_score) > num:
            if self.strong_bce_weight:
                strong = mean_of_sums(sums.strong_bce, known, self.normalize)
                terms['loss_strong_bce'] = self.strong_bce_weight * strong
            ramp = self.ramp_factor()
            pseudo = mean_of_sums(sums.pseudo, unknown, self.normalize)
            consist = mean_of_sums(sums.consist, unknown, self.normalize)
            terms['loss_pseudo'] = ramp * self.pseudo_weight * pseudo
            terms['loss_consist'] = ramp * self.consist_weight * consist
        terms['annotated_fraction'] = known.sum() / (known + unknown).sum()
        if unknown.any():
            count = unknown.sum()
            terms['unannotated_answer'] = sums.answer.sum() / count
            terms['above_tau_fraction'] = sums.above.sum() / count
        return terms

    def ramp_factor(self) -> float:
        """Return r, the weight of the unsupervised terms, in [0, 1]."""
        if self.ramp_up == 0:
            return 1.0
        hub = MessageHub.get_current_instance()
        iteration, total = hub.get_info('iter'), hub.get_info('max_iters')
        if iteration is None or not total:
            return 1.0
        return min(1.0, iteration / (total * self.ramp_up))


def _bce(logits: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Eq. (2), a weighted sum over entries."""
    return F.binary_cross_entropy_with_logits(
        logits, label, weight=weight, reduction='sum'
    )


def _check_shape(cls_score: Tensor, expected: Sequence[int]) -> None:
    num = expected[0]
    if cls_score.shape[0] not in (num, 2 * num) or (
        tuple(cls_score.shape[1:]) != tuple(expected[1:])
    ):
        raise ValueError(
            f'logits of shape {tuple(cls_score.shape)} for a target of '
            f'shape {tuple(expected)}: expected {num} rows (one view) '
            f'or {2 * num} (weak; strong), and equal classes'
        )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f'{name}={value}: expected {low} to {high}')
