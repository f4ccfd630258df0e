"""Decode head that answers one question per class at every pixel."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import accuracy
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmda.structures import UNKNOWN_PIXEL, PixelTarget, resolve_classes

from ..adapters import DynamicAdapter, check_num_classes
from ..losses import PartialLabelLoss, softmax_of
from ..utils import split_views


@MODELS.register_module()
class DynamicAdapterHead(BaseModule):
    """Any stock decode head, with a dynamic adapter for its ``conv_seg``.

    The wrapped head computes the feature as always. The adapter turns the
    feature into answers. The wrapped head may be an auxiliary head, or a head
    of a cascade, which also takes the answers of the previous stage.

    The head loads checkpoints of the stock head too: the weights of
    ``conv_seg`` become the adapter's kernel, class by class in their order.

    Args:
        head (dict): Config of the stock head. The arguments below replace
            its ``num_classes`` and ``loss_decode``.
        num_classes (int, optional): Number of classes of the joint label
            space, C. Defaults to the number of ``classes``, or where these
            are missing to the ``num_classes`` of ``head``.
        classes (Sequence[str] | str, optional): The label space, or its file
            from ``mmda label_space``. It is saved with the weights, so a
            checkpoint can be loaded into another space.
        loss_decode (dict | Sequence[dict], optional): Losses. A loss of mmda
            gets the :class:`~mmda.structures.PixelTarget`. The stock loss
            ``CrossEntropyLoss(use_sigmoid=True)`` gets the weak view, and
            label maps that ignore all pixels without an annotated class.
            Defaults to ``dict(type='PartialBCEPseudoConsistLoss')``.
        thr (float): Threshold in [0, 1]. A pixel gets no class if its best
            answer is a lower probability. No class is index C of
            ``pred_sem_seg``. The stock visualizer does not paint index C, and
            the stock metrics count it for no class. Only the head that
            predicts uses ``thr``. Defaults to 0: the best answer counts.
        init_cfg (dict, optional): As in ``BaseModule``. The wrapped head has
            an ``init_cfg`` of its own.

    Raises:
        ValueError: If ``classes`` and ``num_classes`` contradict each other,
            if there are fewer than two classes, if ``thr`` is not in [0, 1],
            if the wrapped head has no 1x1 ``conv_seg``, or has a loss, a
            sampler or an ``ignore_index`` of its own, or if ``loss_decode``
            has another loss of mmseg than a sigmoid ``CrossEntropyLoss``.

    Examples:
        >>> head = DynamicAdapterHead(
        ...     dict(type='FCNHead', in_channels=4, channels=8, num_convs=1),
        ...     classes=['road', 'bus', 'sky'])
        >>> head([torch.rand(2, 4, 5, 5)]).shape
        torch.Size([2, 3, 5, 5])
    """

    def __init__(
        self,
        head: dict,
        num_classes: int | None = None,
        classes: Sequence[str] | str | None = None,
        loss_decode: dict | Sequence[dict] | None = None,
        thr: float = 0.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not 0 <= thr <= 1:
            raise ValueError(f'thr={thr}: expected 0 to 1')
        _check_type(head['type'])
        classes = resolve_classes(classes)[0]
        if num_classes is None and classes is None:
            num_classes = head.get('num_classes')
        num_classes = check_num_classes(num_classes, classes)
        if num_classes < 2:
            raise ValueError(
                f'num_classes={num_classes}: the stock segmentors treat a '
                'single answer in another way; expected at least 2. Add a '
                'class to the label space, for instance another class of the '
                'source'
            )
        loss_decode = loss_decode or dict(type='PartialBCEPseudoConsistLoss')
        self.head = MODELS.build(
            dict(
                head,
                num_classes=num_classes,
                out_channels=num_classes,
                loss_decode=loss_decode,
            )
        )
        _check_head(self.head, head['type'])
        for loss in self._losses():
            _check_loss(loss)
        self.num_classes = num_classes
        self.thr = thr
        # The stock segmentors read it for sliding windows.
        self.out_channels = num_classes + (thr > 0)
        self.align_corners = self.head.align_corners
        self.threshold = self.head.threshold
        self.head.conv_seg = DynamicAdapter(
            num_classes, self.head.conv_seg.in_channels, classes
        )

    @property
    def adapter(self) -> DynamicAdapter:
        """DynamicAdapter: It replaces the ``conv_seg`` of the wrapped head."""
        return self.head.conv_seg

    @property
    def classes(self) -> tuple[str, ...] | None:
        """tuple[str, ...] | None: The label space, where it is known."""
        return self.adapter.classes

    def forward(self, *feats: Any) -> Tensor:
        """Answer all questions at all pixels of the feature map.

        Args:
            *feats (Any): Inputs of the wrapped head: the stages of the
                backbone, and in a cascade the answers of the previous head.

        Returns:
            Tensor: Logits, (N, C, h, w).
        """
        return self.head(*feats)

    def loss(self, *args: Any) -> dict[str, Tensor]:
        """Compute the losses; takes the arguments of the stock head.

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
        """Compute the losses from logits.

        Args:
            seg_logits (Tensor): (N, C, h, w), or (2N, C, h, w) with two
                views, ``[weak; strong]``. They are resized to the label maps.
            batch_data_samples (list[SegDataSample]): N samples.

        Returns:
            dict[str, Tensor]: The terms of the losses, the values to watch
            beside them, and ``acc_seg``: the accuracy in % of the answers to
            the weak view, over the pixels that carry an annotated class.

        Raises:
            ValueError: If a stock loss gets classes that may overlap.
        """
        target = PixelTarget.from_samples(batch_data_samples, self.num_classes)
        seg_logits = resize(
            seg_logits,
            size=target.label.shape[1:],
            mode='bilinear',
            align_corners=self.align_corners,
        )
        weak, _ = split_views(seg_logits, len(target.label))
        unannotated = target.label >= self.num_classes
        label = target.label.masked_fill(unannotated, UNKNOWN_PIXEL)
        losses: dict[str, Tensor] = {}
        for module in self._losses():
            if isinstance(module, PartialLabelLoss):
                terms = module.terms(seg_logits, target)
            else:
                _check_exclusive(target, module)
                value = module(
                    weak, label, weight=None, ignore_index=UNKNOWN_PIXEL
                )
                terms = {module.loss_name: value}
            for key, value in terms.items():
                # Two losses watch the same labels: `annotated_fraction`.
                is_sum = key in losses and 'loss' in key
                losses[key] = losses[key] + value if is_sum else value
        losses['acc_seg'] = accuracy(
            weak.detach(), label, ignore_index=UNKNOWN_PIXEL
        )
        return losses

    def _losses(self) -> Iterable[Any]:
        losses = self.head.loss_decode
        return losses if isinstance(losses, nn.ModuleList) else [losses]

    def predict(self, *args: Any) -> Tensor:
        """Predict as the wrapped head does.

        Args:
            *args (Any): Arguments of the wrapped head.

        Returns:
            Tensor: Logits, (N, C, H, W). With ``thr`` above 0 there is one
            more row, "no class", whose answer is ``thr`` everywhere. It is
            the best answer where all others are lower, so the stock
            segmentors choose it too.
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
        own = [key for key in state_dict if key.startswith(prefix)]
        inner = f'{prefix}head.'
        if not any(key.startswith(inner) for key in own):
            for key in own:
                name = inner + key.removeprefix(prefix)
                state_dict[name] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def none_logit(thr: float) -> float:
    """Return the logit of the answer "no class".

    Args:
        thr (float): In [0, 1].

    Returns:
        float: Finite also for 0 and 1, so that it can be interpolated.

    Examples:
        >>> none_logit(0.5)
        0.0
    """
    return torch.logit(torch.tensor(float(thr)), eps=1e-7).item()


def _check_type(kind: str | type) -> None:
    """Refuse kinds of heads that the adapter does not fit, before building.

    Such a head takes other arguments, so its own error would be about these.
    """
    found: Any = MODELS.get(kind) if isinstance(kind, str) else kind
    if found is None:  # the registry has an error of its own
        return
    reason = ''
    if not issubclass(found, BaseDecodeHead):
        # MaskFormer and Mask2Former
        reason = 'it does not answer each class at each pixel'
    elif found.loss_by_feat is not BaseDecodeHead.loss_by_feat:
        # K-Net, PointRend, STDC
        reason = 'it computes a loss of its own, which would be left out'
    if reason:
        raise ValueError(
            f'head={found.__name__} cannot be wrapped: {reason}; expected a '
            'stock head such as FCNHead, UPerHead or '
            'DepthwiseSeparableASPPHead'
        )


def _check_loss(loss: nn.Module) -> None:
    """Refuse a stock loss that mixes classes or pixels, or ignores none."""
    if isinstance(loss, PartialLabelLoss):
        return
    kind = type(loss)
    is_host = kind.__module__.startswith('mmseg.')
    takes = inspect.signature(loss.forward).parameters
    ignores = 'ignore_index' in takes or any(
        one.kind is one.VAR_KEYWORD for one in takes.values()
    )
    if (
        softmax_of(loss)
        or not ignores
        or (is_host and kind.__name__ != 'CrossEntropyLoss')
    ):
        raise ValueError(
            f'loss_decode={kind.__name__} mixes classes or pixels, or cannot '
            'leave out unknown pixels. Expected a loss of mmda, '
            'CrossEntropyLoss(use_sigmoid=True), or PartialLabelLossWrapper '
            'around a stock loss of single entries'
        )


def _check_exclusive(target: PixelTarget, loss: nn.Module) -> None:
    """Refuse what a label map of a stock loss cannot say."""
    if not target.known_on_class.all():
        raise ValueError(
            f'{type(loss).__name__} takes a pixel of one class for a negative '
            'of all other classes, but a source has exclusive=False: expected '
            'a loss of mmda, or PartialLabelLossWrapper around a stock loss'
        )


def _check_head(head: nn.Module, kind: str) -> None:
    """Refuse heads in which the adapter cannot take a place."""
    conv = getattr(head, 'conv_seg', None)
    if not isinstance(conv, nn.Conv2d) or conv.kernel_size != (1, 1):
        raise ValueError(
            f'head={kind}: expected a 1x1 convolution `conv_seg`, which the '
            f'adapter replaces; found {conv}'
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
