"""The dynamic adapter: one question per class, all answered in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
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
    question per row; a 1x1 convolution ``w`` turns each row into the weights
    of a classifier over the m-dimensional feature. ``w(q)`` does not depend on
    the image, so at inference :meth:`fold` gives a plain linear layer.

    Source: [0] Data-Assemble: Leveraging Multiple Datasets with Partial
    Labels, eq. (1) and algorithm 1. What differs: the kernel is initialised
    by the feature's dimension m, not by the convolution's fan-in n, so that at
    the start the answers have the scale of a linear layer's, and there is one
    bias per class instead of one per feature.

    Args:
        num_classes (int): Number of classes, n.
        in_channels (int): Dimension of the feature, m.
        classes (Sequence[str], optional): The label space. It is saved with
            the weights; a checkpoint with other or permuted classes is then
            matched by name. Defaults to None: no names, until a checkpoint
            that has as many is loaded.
        bias (bool): Whether each class has a bias. Defaults to True.
        init_cfg (dict, optional): As in ``BaseModule``.

    Raises:
        ValueError: If ``classes`` does not have ``num_classes`` names.

    Examples:
        >>> adapter = DynamicAdapter(num_classes=20, in_channels=1024)
        >>> adapter(torch.rand(4, 1024)).shape
        torch.Size([4, 20])
        >>> adapter(torch.rand(4, 1024, 7, 7)).shape
        torch.Size([4, 20, 7, 7])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        classes: Sequence[str] | None = None,
        bias: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.name_classes(num_classes, classes)
        self.in_channels = in_channels
        self.task_encoding = nn.Parameter(torch.eye(num_classes))
        # Not called `weight`: a host's `init_cfg` would overwrite it, and
        # Normal(0, 0.01) is far below the scale of a linear layer.
        self.kernel = nn.Parameter(torch.empty(in_channels, num_classes, 1, 1))
        self.bias = nn.Parameter(torch.zeros(num_classes)) if bias else None
        bound = 1 / math.sqrt(in_channels)
        nn.init.uniform_(self.kernel, -bound, bound)

    def class_weights(self) -> Tensor:
        """Return w(q), the classifier that each question asks for.

        Returns:
            Tensor: (num_classes, in_channels), in the kernel's dtype. The sum
            over questions runs in float64, so that neither the order nor the
            number of the other classes changes a class's weights.
        """
        wide = _wide_dtype(self.kernel)
        kernel = self.kernel.flatten(1).to(wide)  # (m, n, 1, 1) -> (m, n)
        weights = self.task_encoding.to(wide) @ kernel.T
        return weights.to(self.kernel.dtype)

    def forward(self, feats: Tensor) -> Tensor:
        """Answer all questions.

        Args:
            feats (Tensor): Features, (N, m) or (N, m, H, W).

        Returns:
            Tensor: Logits, (N, n) or (N, n, H, W). In evaluation those of
            vectors do not depend on the other classes, to the last bit; those
            of maps do by their rounding.
        """
        weights, answer = self.class_weights(), F.linear
        if feats.ndim == 4:
            weights, answer = weights[..., None, None], F.conv2d
        if self.training or feats.ndim == 4:
            return answer(feats, weights, self.bias)
        # A float32 product rounds differently for another number of classes;
        # of a map that is left as it is, since float64 takes six times as
        # long there.
        wide = _wide_dtype(feats)
        bias = None if self.bias is None else self.bias.to(wide)
        return answer(feats.to(wide), weights.to(wide), bias).to(feats.dtype)

    @torch.no_grad()
    def fold(self) -> tuple[Tensor, Tensor]:
        """Return the plain linear layer that gives the same answers.

        Returns:
            tuple[Tensor, Tensor]: Weight (n, m) and bias (n,).
        """
        weights = self.class_weights()
        bias = weights.new_zeros(self.num_classes)
        return weights, bias if self.bias is None else self.bias.clone()

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the questions of the shared classes to their places here.

        Args:
            state_dict (dict): Of an adapter with the classes ``stored``.
            prefix (str): What precedes this adapter's entries.
            stored (tuple[str, ...]): Other classes than this adapter's.
        """
        old, new = self.match_classes(stored)
        encoding = state_dict[prefix + 'task_encoding'].cpu()
        kernel = state_dict[prefix + 'kernel'].cpu()
        if len(old) < len(stored):
            # A question that goes away may still serve the ones that stay:
            # fold it into their kernels.
            wide = _wide_dtype(kernel)
            folded = kernel.flatten(1).to(wide) @ encoding.to(wide).T
            kernel = folded.to(kernel.dtype)[..., None, None]
            encoding = torch.eye(len(stored), dtype=encoding.dtype)

        own = {k: v.detach().cpu().clone() for k, v in self._own_state()}
        own['task_encoding'][new] = 0
        own['task_encoding'][new[:, None], new] = encoding[old[:, None], old]
        own['kernel'][:, new] = kernel[:, old]
        if self.bias is not None and prefix + 'bias' in state_dict:
            own['bias'][new] = state_dict[prefix + 'bias'].cpu()[old]
        for key, value in own.items():
            state_dict[prefix + key] = value

    def _own_state(self) -> list[tuple[str, Tensor]]:
        return [(k, v) for k, v in self.named_parameters(recurse=False)]


def _wide_dtype(tensor: Tensor) -> torch.dtype:
    """Return float64 where the device has it."""
    return tensor.dtype if tensor.device.type == 'mps' else torch.float64
