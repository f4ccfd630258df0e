"""Decode head that answers one question per class at every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmda.structures import UNKNOWN_PIXEL, PixelTarget

from ..adapters import DynamicAdapter
from .head_terms import head_accuracy, head_terms
from .stock_weights import take_stock_weights


@MODELS.register_module()
class DynamicAdapterHead(BaseModule):
    """Any stock decode head, with a dynamic adapter for its ``conv_seg``.

    The wrapped head computes the feature as ever; the adapter turns it into
    answers. Cascade heads, which take the answers of the stage before, are
    wrapped in the same way, and so are auxiliary heads.

    Args:
        head (dict): Config of the stock head. Its ``num_classes`` and
            ``loss_decode`` are replaced by those given here.
        num_classes (int, optional): Number of classes of the joint label
            space, C. Defaults to that of ``head``.
        classes (Sequence[str], optional): The label space; saved with the
            weights, so that a checkpoint can be loaded into another one.
        loss_decode (dict | Sequence[dict], optional): Losses. One of mmda
            gets the :class:`~mmda.structures.PixelTarget`; a stock one gets
            the weak view and label maps in which every pixel without an
            annotated class is ignored. Defaults to
            ``dict(type='PartialBCEPseudoConsistLoss')``.
        thr (float): A pixel whose best answer (a probability) is below it is
            predicted as no class: index C of ``pred_sem_seg``, which the
            stock visualizer does not paint and the stock metrics count for no
            class. It counts in the head that predicts, not in an auxiliary
            one. Defaults to 0: the best answer counts.
        init_cfg (dict, optional): As in ``BaseModule``; the wrapped head has
            its own.

    Raises:
        ValueError: If the head has no 1x1 ``conv_seg`` with an output per
            class, or a loss, a sampler or an ``ignore_index`` of its own, or
            if there are fewer than two classes, or ``thr`` is not in [0, 1].

    Examples:
        >>> head = DynamicAdapterHead(
        ...     dict(type='FCNHead', in_channels=4, channels=8, num_convs=1),
        ...     num_classes=3)
        >>> head([torch.rand(2, 4, 5, 5)]).shape
        torch.Size([2, 3, 5, 5])
    """

    def __init__(
        self,
        head: dict,
        num_classes: int | None = None,
        classes: Sequence[str] | None = None,
        loss_decode: dict | Sequence[dict] | None = None,
        thr: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not 0 <= thr <= 1:
            raise ValueError(f'thr={thr}: expected 0 to 1')
        if num_classes is None:
            num_classes = head['num_classes']
        if num_classes < 2:
            raise ValueError(
                f'num_classes={num_classes}: the stock segmentors read a '
                'single answer in a way of their own; expected at least 2. '
                'Add a class to the label space, for instance another one of '
                'the source'
            )
        self.head = MODELS.build(
            {
                **head,
                'num_classes': num_classes,
                'out_channels': num_classes,
                'loss_decode': loss_decode
                or dict(type='PartialBCEPseudoConsistLoss'),
            }
        )
        _check_head(self.head, head['type'])
        self.num_classes = num_classes
        self.thr = thr
        # Read by the stock segmentors for sliding windows.
        self.out_channels = num_classes + (thr > 0)
        self.align_corners = self.head.align_corners
        self.threshold = self.head.threshold
        self.head.conv_seg = DynamicAdapter(
            num_classes, self.head.conv_seg.in_channels, classes
        )

    @property
    def adapter(self) -> DynamicAdapter:
        """DynamicAdapter: Lies in the place of the head's ``conv_seg``."""
        return self.head.conv_seg

    @property
    def classes(self) -> tuple[str, ...] | None:
        """tuple[str, ...] | None: The label space, where it was given."""
        return self.adapter.classes

    def forward(self, *feats: Any) -> Tensor:
        """Answer all questions at all pixels of the feature map.

        Args:
            *feats (Any): What the wrapped head takes: the backbone's stages,
                and in a cascade the answers of the head before.

        Returns:
            Tensor: Logits, (N, C, h, w).
        """
        return self.head(*feats)

    def loss(self, *args: Any) -> dict[str, Tensor]:
        """Calculate the losses; the arguments are those of the stock head.

        Args:
            *args (Any): Inputs as for :meth:`forward`, N samples, train_cfg.

        Returns:
            dict[str, Tensor]: See :meth:`loss_by_feat`.

        Raises:
            ValueError: If a stock segmentor passes two views as one batch.
        """
        *feats, samples, _ = args
        seg_logits = self(*feats)
        if len(seg_logits) != len(samples):
            raise ValueError(
                f'{len(seg_logits)} rows for {len(samples)} samples: a stock '
                'segmentor would normalise the weak and the strong view as '
                'one batch. Expected type=DualViewEncoderDecoder (or '
                'DualViewCascadeEncoderDecoder), or one view'
            )
        return self.loss_by_feat(seg_logits, samples)

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Calculate the losses from logits.

        Args:
            seg_logits (Tensor): (N, C, h, w), or (2N, C, h, w) with two
                views, ``[weak; strong]``; resized to the label maps.
            batch_data_samples (list[SegDataSample]): N samples.

        Returns:
            dict[str, Tensor]: The losses' terms, what is watched beside them,
            and ``acc_seg``, the weak view's accuracy in % over the pixels
            that carry an annotated class.
        """
        target = PixelTarget.from_samples(batch_data_samples, self.num_classes)
        seg_logits = resize(
            seg_logits,
            size=target.label.shape[1:],
            mode='bilinear',
            align_corners=self.align_corners,
        )
        modules = self.head.loss_decode
        if not isinstance(modules, nn.ModuleList):
            modules = [modules]
        losses: dict[str, Tensor] = {}
        for module in modules:
            for key, value in head_terms(module, seg_logits, target).items():
                losses[key] = losses[key] + value if key in losses else value
        weak = seg_logits[: len(target.label)].detach()
        losses['acc_seg'] = head_accuracy(weak, target)
        return losses

    def predict(self, *args: Any) -> Tensor:
        """Predict as the wrapped head does.

        Args:
            *args (Any): Those of the wrapped head.

        Returns:
            Tensor: Logits, (N, C, H, W). With ``thr`` above 0 one more, "no
            class", whose answer is ``thr`` everywhere: it is the best one
            where all others are below, in the stock segmentors too.
        """
        seg_logits = self.head.predict(*args)
        if self.thr == 0:
            return seg_logits
        none = torch.full_like(seg_logits[:, :1], none_logit(self.thr))
        return torch.cat([seg_logits, none], dim=1)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Take the weights of a stock head too, then load as usual."""
        take_stock_weights(state_dict, prefix, self.adapter)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def none_logit(thr: float) -> float:
    """Return the logit of the answer "no class".

    Args:
        thr (float): In [0, 1].

    Returns:
        float: Finite also at the ends, so that it can be interpolated.

    Examples:
        >>> none_logit(0.5)
        0.0
    """
    return torch.logit(torch.tensor(float(thr)), eps=1e-7).item()


def _check_head(head: nn.Module, kind: str) -> None:
    conv = getattr(head, 'conv_seg', None)
    if not isinstance(conv, nn.Conv2d) or conv.kernel_size != (1, 1):
        raise ValueError(
            f'head={kind}: expected a 1x1 convolution `conv_seg`, whose place '
            f'the adapter takes; found {conv}'
        )
    stock = BaseDecodeHead.loss_by_feat
    if getattr(type(head), 'loss_by_feat', None) is not stock:
        raise ValueError(
            f'head={kind} calculates a loss of its own, which would be left '
            'out: it cannot be wrapped'
        )
    if head.ignore_index != UNKNOWN_PIXEL:
        raise ValueError(
            f'head={kind} has ignore_index={head.ignore_index}; expected '
            f'{UNKNOWN_PIXEL}, which marks unknown pixels here. State the '
            "id to ignore as the source dataset's ignore_index"
        )
    if head.sampler is not None:
        raise ValueError(
            f'head={kind} has a `sampler`, which chooses pixels by a label '
            'for all classes; expected none'
        )
