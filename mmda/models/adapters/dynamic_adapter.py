"""The dynamic adapter: one question per class, all answered in one pass."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor, nn

from .named_classes import NamedClasses


@MODELS.register_module()
class DynamicAdapter(NamedClasses, BaseModule):
    r"""Answer the questions of all classes about an image feature.

    .. math::
        a = w(q; \theta_w) * f(x)

    The task encoding ``q`` (n x n, learnable, identity at the start) holds one
    question per row. A 1x1 convolution ``w`` turns each row into the weights
    of a classifier over the m-dimensional feature. ``w(q)`` does not depend on
    the image, so :meth:`fold` gives a plain linear layer for inference.

    Source: [0] Data-Assemble: Leveraging Multiple Datasets with Partial
    Labels, eq. (1) and algorithm 1. Two things differ. The kernel is
    initialised by the dimension of the feature, m, not by the convolution's
    fan-in n: at the start, the answers have the scale of a linear layer's
    answers. There is one bias per class, not one per feature.

    Args:
        num_classes (int, optional): Number of classes, n. Defaults to the
            number of ``classes``.
        in_channels (int): Dimension of the feature, m.
        classes (Sequence[str], optional): The label space. It is saved with
            the weights. A checkpoint with other or permuted classes is
            matched by name; the answers for the old classes then stay the
            same within 1e-6 of the largest answer. Defaults to None: the
            adapter takes the names of the first checkpoint of n classes.
        bias (bool): Whether each class has a bias. Defaults to True.
        init_cfg (dict, optional): As in ``BaseModule``.

    Raises:
        ValueError: If ``classes`` and ``num_classes`` contradict each other.

    Examples:
        >>> adapter = DynamicAdapter(num_classes=20, in_channels=1024)
        >>> adapter(torch.rand(4, 1024)).shape
        torch.Size([4, 20])
        >>> adapter(torch.rand(4, 1024, 7, 7)).shape
        torch.Size([4, 20, 7, 7])
    """

    def __init__(
        self,
        num_classes: int | None,
        in_channels: int,
        classes: Sequence[str] | None = None,
        bias: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.name_classes(num_classes, classes)
        n = self.num_classes
        self.in_channels = in_channels
        self.task_encoding = nn.Parameter(torch.eye(n))
        # Not called `weight`: an `init_cfg` of the host would overwrite it,
        # and Normal(0, 0.01) is far below the scale of a linear layer.
        self.kernel = nn.Parameter(torch.empty(in_channels, n, 1, 1))
        self.bias = nn.Parameter(torch.zeros(n)) if bias else None
        bound = 1 / math.sqrt(in_channels)
        nn.init.uniform_(self.kernel, -bound, bound)
        # The parameters with their versions, and w(q) of these.
        self._kept: tuple[list[tuple[Tensor, int]], Tensor] | None = None

    def class_weights(self) -> Tensor:
        """Return w(q), one linear classifier per class.

        An evaluation computes w(q) once, not for each batch. For 1,000
        classes, w(q) costs more than ten times as much as the answers.

        Returns:
            Tensor: (n, m).
        """
        parts = (self.task_encoding, self.kernel)
        if (
            self.training
            or torch.is_grad_enabled()
            or any(part.is_inference() for part in parts)
        ):
            return self.task_encoding @ self.kernel.flatten(1).T
        if self._kept is not None and all(
            part is old and part._version == version
            for part, (old, version) in zip(parts, self._kept[0], strict=True)
        ):
            return self._kept[1]
        weights = self.task_encoding @ self.kernel.flatten(1).T
        if weights.dtype == self.kernel.dtype:  # no mixed precision
            self._kept = [(part, part._version) for part in parts], weights
        return weights

    def train(self, mode: bool = True) -> DynamicAdapter:
        """Set the mode, and forget w(q).

        A moving average writes its weights before an evaluation without a
        new version. Then the evaluation sets the mode.

        Args:
            mode (bool): Training, or evaluation.

        Returns:
            DynamicAdapter: This module.
        """
        self._kept = None
        super().train(mode)
        return self

    def _apply(self, *args: Any, **kwargs: Any) -> DynamicAdapter:
        """Move or convert the parameters, and forget w(q)."""
        self._kept = None
        super()._apply(*args, **kwargs)
        return self

    def forward(self, feats: Tensor) -> Tensor:
        """Answer all questions.

        Args:
            feats (Tensor): Features, (N, m) or (N, m, H, W).

        Returns:
            Tensor: Logits, (N, n) or (N, n, H, W).
        """
        weights = self.class_weights()
        if feats.ndim == 4:
            return F.conv2d(feats, weights[..., None, None], self.bias)
        return F.linear(feats, weights, self.bias)

    @torch.no_grad()
    def fold(self) -> tuple[Tensor, Tensor]:
        """Return the plain linear layer that gives the same answers.

        Returns:
            tuple[Tensor, Tensor]: Weight (n, m) and bias (n,).
        """
        weights = self.task_encoding @ self.kernel.flatten(1).T
        bias = weights.new_zeros(self.num_classes)
        return weights, bias if self.bias is None else self.bias.clone()

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the questions of the shared classes; see the base class."""
        old, new = self.match_classes(stored)
        encoding = state_dict[prefix + 'task_encoding'].cpu()
        if len(old) < len(stored):
            # A question that goes away may still serve the ones that stay:
            # fold it into their kernels.
            kernel = state_dict[prefix + 'kernel'].cpu()
            folded = kernel.flatten(1) @ encoding.T  # (m, n)
            state_dict[prefix + 'kernel'] = folded[..., None, None]
            encoding = torch.eye(len(stored), dtype=encoding.dtype)
        own = self.task_encoding.detach().cpu().clone()
        own[new] = 0
        own[new[:, None], new] = encoding[old[:, None], old]
        state_dict[prefix + 'task_encoding'] = own
        self._take(state_dict, prefix + 'kernel', 1, old, new)
        if self.bias is not None and prefix + 'bias' in state_dict:
            self._take(state_dict, prefix + 'bias', 0, old, new)

    def weights_of(self, names: Collection[str]) -> dict[str, Tensor]:
        """Find the questions of some classes; see the base class.

        All classes share the kernel. A question uses the columns for which
        its encoding is not 0. After :meth:`rearrange`, the encoding of an old
        class is 0 for each new class.
        """
        among = self._among(names).to(self.task_encoding.device)
        used = (self.task_encoding[among] != 0).any(dim=0)
        masks = dict(task_encoding=among[:, None], kernel=used[:, None, None])
        return masks if self.bias is None else dict(masks, bias=among)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Take the weights of a plain layer too, then load as usual."""
        weight = state_dict.pop(prefix + 'weight', None)
        fits = weight is None or self._unfold(state_dict, prefix, weight)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if not fits:
            self.stored = ()

    def _unfold(self, state_dict: dict, prefix: str, weight: Tensor) -> bool:
        """Write the adapter that folds into a linear layer or convolution.

        The kernel takes the weights of the layer, and the task encoding is
        the identity. So the adapter answers as the layer does. A stock layer
        has no class names: the position of a row decides, as in the host.
        A layer of another shape is not taken; then the result is False.
        """
        own = self.state_dict()
        if prefix + 'class_names' not in state_dict:
            state_dict[prefix + 'class_names'] = own['class_names']
            shape = (self.num_classes, self.in_channels)
            found = tuple(weight.shape[:2])
            fits = found == shape
            print_log(
                f'the stock layer {prefix[:-1]} of the checkpoint has the '
                f'shape {found}: '
                + (
                    'its rows are taken by position'
                    if fits
                    else f'expected {shape}, so the adapter starts anew'
                ),
                logger='current',
                level=logging.INFO if fits else logging.WARNING,
            )
            if not fits:
                state_dict.update({prefix + k: v for k, v in own.items()})
                return False
        # (n, m) or (n, m, 1, 1) -> (m, n, 1, 1)
        kernel = weight.flatten(1).T[..., None, None]
        state_dict[prefix + 'kernel'] = kernel.contiguous()
        encoding = torch.eye(len(weight), dtype=weight.dtype)
        state_dict[prefix + 'task_encoding'] = encoding
        return True
