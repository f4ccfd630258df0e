"""The loss of Data-Assemble: BCE where annotated, self-training elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import Tensor

from mmda.structures import PixelTarget

from ..utils import split_views
from .exactly_one import given_exactly_one, marginal_nll
from .mean_weights import NORMALIZATIONS, mean_weights
from .partial_label_loss import PartialLabelLoss
from .pseudo_labels import is_confident, sharpen
from .ramp_up import ramp_factor
from .target_sums import (
    check_shape,
    count_known,
    sum_over,
    to_full_precision,
)

DISTANCES = ('mse', 'bce')


@MODELS.register_module()
class PartialBCEPseudoConsistLoss(PartialLabelLoss):
    r"""Supervise annotated entries, self-train the others.

    .. math::
        L = w_b L_{bce}(a_w, y) + w_s L_{bce}(a_s, y)
        + r \, (w_p \|a_w - \tilde a_w\|_2^2
        + w_c \|a_s - \tilde a_w\|_2^2)

    :math:`a_w` is the answer to the weak view and :math:`a_s` the answer to
    the strong view. :math:`\tilde a_w` is the pseudo-label
    (:func:`sharpen`). The ramp-up r grows from 0 to 1. The first two terms
    are means over annotated entries, the others over unannotated entries.

    Source: [0] Data-Assemble: the first term is eq. (2), the pseudo-label
    eq. (3), the last two terms are eqs. (4) and (5), the sum is eq. (6).
    Three things differ:

    - Each term is a mean (see ``normalize``).
    - By default the last two terms are ramped up, and the pseudo-label is a
      constant. Otherwise the near-zero answers to unannotated questions
      become their own labels early on. ``ramp_up=0`` and
      ``detach_pseudo=False`` give the literal loss of the paper.
    - The second term is not in the paper. It supervises the strong view where
      there is a label. On digits it helped more than all other options
      (docs/method_tables.md), so the classification configs use it.

    Where each image or pixel shows exactly one class, use
    ``exactly_one=True`` with ``distance='bce'``. The pseudo-label then knows
    what the annotated classes tell about the others
    (:func:`given_exactly_one`). With ``temperature=inf``, the third term has
    the gradient of the negative log-likelihood that exactly one class holds.
    ``marginal_weight`` adds the mean of :func:`marginal_nll` over the images
    or pixels, summed over the views.

    A model that was loaded into a larger label space can keep what it knew:
    with a ``teacher_weight``, the answers of the old model are soft labels
    for the entries that are not annotated. The first two terms then have a
    second part, which is a mean over these entries. The last two terms leave
    these entries out. Source: Li and Hoiem, "Learning without Forgetting",
    ECCV 2016. They take the softmax of all old classes and a temperature
    of 2. Here each class has an answer of its own, and no temperature.

    Args:
        tau (float): Threshold of the pseudo-label, in [0, 1]. Defaults to 0.5.
        temperature (float): Sharpening temperature t, from 1 (hard labels) to
            inf (none). Defaults to 4.0.
        bce_weight (float): w_b, the weight of the supervised term of the weak
            view. Defaults to 1.0.
        pseudo_weight (float): w_p. Defaults to 1.0.
        consist_weight (float): w_c. Defaults to 1.0.
        strong_bce_weight (float): w_s, the weight of the supervised term of
            the strong view. Defaults to 0.0, as in the paper.
        ramp_up (float): Part of the training, in [0, 1], over which r grows
            linearly from 0 to 1. The runner tells the progress; without a
            runner r is 1. Defaults to 1.0. With 0 there is no ramp-up.
        confidence (float): Least probability of the likelier side, in
            [0.5, 1]. Less sure unannotated entries add 0. Defaults to 0.5:
            all entries count. FixMatch uses 0.95.
        detach_pseudo (bool): Whether no gradient passes through the
            pseudo-label. Defaults to True.
        exactly_one (bool): Whether exactly one class of the label space holds
            in each image or pixel. Defaults to False.
        marginal_weight (float): Weight of :func:`marginal_nll`. It needs
            ``exactly_one``. Defaults to 0.0.
        distance (str): Distance of an answer from its pseudo-label: 'mse'
            (the squares of eqs. (4) and (5)) or 'bce' (cross entropy, whose
            gradient does not vanish where a wrong answer is sure). Defaults
            to 'mse'.
        normalize (str): What the terms are means over, on all ranks: 'entry'
            (all entries of the term), 'class' (first within each class) or
            'sample' (first within each image). Defaults to 'entry'.
        loss_weight (float): Factor of all terms, at least 0. Defaults to 1.0.
        loss_name (str): Name of the sum in the log of a stock decode head.
            Defaults to 'loss_partial'.
        teacher_weight (float): Weight of the labels of the old model beside
            the annotated labels. It needs ``KeepOldClassesHook``. Defaults
            to 0.0: there is no teacher.

    Raises:
        ValueError: If an argument is outside its range, or with a
            ``marginal_weight`` without ``exactly_one``.

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
        exactly_one: bool = False,
        marginal_weight: float = 0.0,
        distance: str = 'mse',
        normalize: str = 'entry',
        loss_weight: float = 1.0,
        loss_name: str = 'loss_partial',
        teacher_weight: float = 0.0,
    ) -> None:
        super().__init__(loss_weight, loss_name)
        _check_range('tau', tau, 0, 1)
        _check_range('temperature', temperature, 1, float('inf'))
        _check_range('ramp_up', ramp_up, 0, 1)
        _check_range('confidence', confidence, 0.5, 1)
        for key, weight in (
            ('bce_weight', bce_weight),
            ('strong_bce_weight', strong_bce_weight),
            ('pseudo_weight', pseudo_weight),
            ('consist_weight', consist_weight),
            ('marginal_weight', marginal_weight),
            ('teacher_weight', teacher_weight),
        ):
            _check_range(key, weight, 0, float('inf'))
        if marginal_weight and not exactly_one:
            raise ValueError(
                f'marginal_weight={marginal_weight} without exactly_one=True: '
                'it is for images or pixels that show exactly one class'
            )
        _check_choice('distance', distance, DISTANCES)
        _check_choice('normalize', normalize, NORMALIZATIONS)
        self.tau = tau
        self.temperature = temperature
        self.bce_weight = bce_weight
        self.strong_bce_weight = strong_bce_weight
        self.pseudo_weight = pseudo_weight
        self.consist_weight = consist_weight
        self.ramp_up = ramp_up
        self.confidence = confidence
        self.detach_pseudo = detach_pseudo
        self.exactly_one = exactly_one
        self.marginal_weight = marginal_weight
        self.teacher_weight = teacher_weight
        self.distance = distance
        self.normalize = normalize

    def losses(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        teacher: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return each term of the loss.

        Args:
            cls_score (Tensor): Logits of the weak view, (N, C, ...), or of
                both views, ``[weak; strong]``, (2N, C, ...).
            target (Tensor | PixelTarget): (N, C, ...), in [0, 1] where
                annotated, else NaN; or the label maps of N images, which are
                read strip by strip.
            teacher (Tensor, optional): Answers of the old model, (N, C), in
                [0, 1], with NaN for new classes. A ``teacher_weight`` needs
                them.

        Returns:
            dict[str, Tensor]: Scalars: ``loss_bce``, and with two views
            ``loss_pseudo``, ``loss_consist`` and, if its weight is not 0,
            ``loss_strong_bce``. With one view and ``exactly_one``, there is
            ``loss_pseudo`` too. With a ``marginal_weight`` there is
            ``loss_marginal``, and with a ``teacher_weight``
            ``loss_teacher``. Each is weighted. A term without entries is 0
            and has a graph.

        Raises:
            ValueError: If ``cls_score`` has neither N nor 2N rows, or another
                shape than the target; if there is a ``teacher_weight`` and no
                teacher, or a teacher of another shape; or if ``exactly_one``
                is True and there is one answer.
        """
        check_shape(cls_score, target.shape)
        if self.exactly_one and target.shape[1] < 2:
            raise ValueError(
                'exactly_one=True with one answer per image: this head asks '
                'about one class at a time, so the loss cannot compare the '
                'classes; expected exactly_one=False'
            )
        taught = self._find_taught(target, teacher)
        num_known = count_known(target)
        num_pixels = target.shape[2:].numel()
        weights = [mean_weights(num_known, self.normalize)]
        names = ['loss_bce']
        two_views = len(cls_score) > len(num_known)
        if self.exactly_one or two_views:
            num_unknown = num_pixels - num_known
            if taught is not None:
                num_unknown = num_unknown - taught.int()
            by_unknown = mean_weights(num_unknown, self.normalize)
            ramp = ramp_factor(self.ramp_up, by_unknown.device)
            weights.append(ramp * by_unknown)
            names.append('loss_pseudo')
        if two_views:
            names.append('loss_consist')
        if two_views and self.strong_bce_weight:
            names.append('loss_strong_bce')
        if self.marginal_weight:
            each = num_known.new_full((len(num_known), 1), num_pixels)
            weights.append(self.marginal_weight * mean_weights(each))
            names.append('loss_marginal')
        sums = sum_over(
            functools.partial(self._sum, weights, taught), cls_score, target
        )
        terms = dict(zip(names, sums, strict=True))
        if teacher is not None and taught is not None:
            terms['loss_teacher'] = self._teach(cls_score, teacher, taught)
        return terms

    def _find_taught(
        self, target: Tensor | PixelTarget, teacher: Tensor | None
    ) -> Tensor | None:
        """Return which entries the old model labels: bool (N, C), or None."""
        if not self.teacher_weight:
            return None
        if teacher is None or isinstance(target, PixelTarget):
            raise ValueError(
                f'teacher_weight={self.teacher_weight} needs the answers of '
                'an old model: expected KeepOldClassesHook among the hooks, '
                'a DualViewImageClassifier and labels of images'
            )
        if teacher.shape != target.shape:
            raise ValueError(
                f'answers of the old model of shape {tuple(teacher.shape)} '
                f'for a target of shape {tuple(target.shape)}'
            )
        return target.isnan() & ~teacher.isnan()

    def _teach(
        self, cls_score: Tensor, teacher: Tensor, taught: Tensor
    ) -> Tensor:
        """Treat answers of the old model as labels of both views."""
        weak, strong = split_views(to_full_precision(cls_score), len(taught))
        label = teacher.nan_to_num().to(weak.dtype)
        weight = taught * mean_weights(taught.int(), self.normalize)
        total = self.bce_weight * _bce(weak, label, weight)
        if strong is not None and self.strong_bce_weight:
            total = total + self.strong_bce_weight * _bce(
                strong, label, weight
            )
        return self.teacher_weight * total

    def _sum(
        self,
        weights: Sequence[Tensor],
        taught: Tensor | None,
        cls_score: Tensor,
        label: Tensor,
        known: Tensor,
    ) -> list[Tensor]:
        """Add up each term of the loss.

        Args:
            weights (Sequence[Tensor]): Weights of the known entries and, with
                two views or ``exactly_one``, of the unknown entries. They
                broadcast to (N, C, ...). With a ``marginal_weight``, also the
                weight of an image or pixel.
            taught (Tensor, optional): bool (N, C), the unknown entries that
                get no pseudo-label.
            cls_score (Tensor): Logits, (N, C, ...) or (2N, C, ...).
            label (Tensor): (N, C, ...), in [0, 1], any number where unknown.
            known (Tensor): bool (N, C, ...), whether an entry is annotated.

        Returns:
            list[Tensor]: Scalars, in the order of :meth:`losses`.
        """
        cls_score = to_full_precision(cls_score)
        weak, strong = split_views(cls_score, len(known))
        label, weight = label.to(weak.dtype), known * weights[0]
        sums = [self.bce_weight * _bce(weak, label, weight)]
        if strong is None and not self.exactly_one:
            return sums
        pseudo, counts = self.pseudo_label(weak, label, known)
        if taught is not None:
            counts = counts & ~taught
        counted = counts * weights[1]
        # (VN, C, ...) -> (V, N, C, ...)
        num_views = 1 if strong is None else 2  # -1 fails without images
        views = cls_score.unflatten(0, (num_views, len(known)))
        distances = counted * self._distances(views, pseudo.expand_as(views))
        of_views = distances.flatten(1).sum(dim=1)
        by_view = (self.pseudo_weight, self.consist_weight)
        sums += [w * v for w, v in zip(by_view, of_views, strict=False)]
        if strong is not None and self.strong_bce_weight:
            sums.append(self.strong_bce_weight * _bce(strong, label, weight))
        if self.marginal_weight:
            nll = [marginal_nll(view, label, known).sum() for view in views]
            sums.append(weights[2] * torch.stack(nll).sum())
        return sums

    @torch.no_grad()
    def watched(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return values to watch in the log.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.

        Returns:
            dict[str, Tensor]: Scalars: ``annotated_fraction``, the part of
            the entries that is annotated; ``unannotated_answer``, the mean
            answer to the weak view where an entry is unannotated; and
            ``above_tau_fraction``, the part of these answers above tau. The
            last two are 0 if all entries are annotated.
        """

        def sum_answers(
            logits: Tensor, label: Tensor, known: Tensor
        ) -> list[Tensor]:
            answers = to_full_precision(logits).sigmoid()
            answers = answers.masked_fill(known, 0)  # 0 is never above tau
            return [answers.sum(), (answers > self.tau).sum()]

        weak = cls_score[: target.shape[0]]
        num_known = count_known(target).sum()
        num_unknown = weak.numel() - num_known
        # To ask whether it is 0 would wait for the device, and break a
        # compiled graph.
        divisor = num_unknown.clamp_min(1)
        answer, above = sum_over(sum_answers, weak, target)
        return {
            'annotated_fraction': num_known / weak.numel(),
            'unannotated_answer': answer / divisor,
            'above_tau_fraction': above / divisor,
        }

    def pseudo_label(
        self, weak: Tensor, label: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the labels that the weak view gives to unknown entries.

        Args:
            weak (Tensor): Logits, (N, C, ...).
            label (Tensor): (N, C, ...), in [0, 1], any number where unknown.
            known (Tensor): bool (N, C, ...), whether an entry is annotated.

        Returns:
            tuple[Tensor, Tensor]: Eq. (3), in [0, 1], and bool, whether an
            entry is unknown and its answer sure enough. Both (N, C, ...).
        """
        if self.detach_pseudo:
            weak = weak.detach()
        if self.exactly_one:
            answer = given_exactly_one(weak, label, known)
        else:
            answer = weak.sigmoid()
        counts = ~known
        if self.confidence > 0.5:
            counts = counts & is_confident(answer, self.confidence)
        return sharpen(answer, self.tau, self.temperature), counts

    def _distances(self, logits: Tensor, pseudo: Tensor) -> Tensor:
        """Return the distances of eqs. (4) and (5), of the same shape."""
        if self.distance == 'mse':
            return (logits.sigmoid() - pseudo).square()
        return F.binary_cross_entropy_with_logits(
            logits, pseudo, reduction='none'
        )


def _bce(logits: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted sum of the binary cross entropy, eq. (2)."""
    return F.binary_cross_entropy_with_logits(
        logits, label, weight, reduction='sum'
    )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f'{name}={value}: expected {low} to {high}')


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f'{name}={value!r}: expected one of {choices}')
