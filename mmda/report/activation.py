"""Where a model sees a class, by Grad-CAM.

[0] Selvaraju et al., Grad-CAM, ICCV 2017. The package grad-cam computes the
map.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from mmda.structures import nearest

#: What stands beside a map that is 0 everywhere.
NOTHING_SEEN = 'empty map: no place speaks for the class'


class _Answers(nn.Module):
    """The path from a normalised image to the logits of all classes.

    A backbone returns a tuple, and Grad-CAM needs a module that returns one
    tensor. ``features`` is this module: it passes the last feature map on.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.features = nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        *others, last = self.model.backbone(inputs)
        feats: Any = (*others, self.features(last))
        if last.ndim != 4 or min(last.shape[2:]) == 1:
            raise ValueError(
                'the backbone ends without a feature map: name a layer that '
                'gives a feature map'
            )
        if self.model.with_neck:
            feats = self.model.neck(feats)
        return self.model.head(feats)


class _StockAnswers(_Answers):
    """The same logits from any model, also from one without a backbone."""

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model.head(self.model.extract_feat(inputs))


def grad_cam(
    model: Any, sample: dict, index: int, layer: str | None = None
) -> np.ndarray:
    """Show where a model sees a class.

    Args:
        model (ImageClassifier): The model, in evaluation mode.
        sample (dict): ``inputs`` (C, H, W) and ``data_samples``, as the
            pipeline of a test gives them.
        index (int): Position of the class.
        layer (str, optional): Module whose output is the feature map, such as
            'backbone.layer3'. Defaults to the last output of the backbone.

    Returns:
        ndarray: float32 (H, W), in [0, 1]. All values are 0 if no feature
        speaks for the class, see :data:`NOTHING_SEEN`.

    Raises:
        ImportError: If grad-cam is not installed.
        ValueError: If there is no such layer, or if the backbone gives no
            feature map.
    """
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    modules = dict(model.named_modules())
    if layer is not None and layer not in modules:
        raise ValueError(
            f'the model has no layer {layer!r}{nearest(layer, modules)}'
        )
    answers = _Answers(model) if layer is None else _StockAnswers(model)
    target = answers.features if layer is None else modules[layer]
    data = model.data_preprocessor(
        dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
    )
    with GradCAM(model=answers, target_layers=[target]) as cam:
        heat = cam(
            input_tensor=data['inputs'],
            targets=[ClassifierOutputTarget(index)],
        )[0]
    model.zero_grad(set_to_none=True)
    return heat


def shown_pixels(inputs: Tensor) -> np.ndarray:
    """Return an image as the model gets it, for a figure.

    Args:
        inputs (Tensor): (1, H, W), or (3, H, W) in BGR, as the pipeline gives
            it. Values outside of [0, 255] are stretched to black and white,
            and so are floats that are at most 1.

    Returns:
        ndarray: float32 (H, W, 3), RGB in [0, 1].
    """
    pixels = inputs.float().numpy().transpose(1, 2, 0)
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 255 or (inputs.is_floating_point() and high <= 1):
        pixels = (pixels - low) * (255 / ((high - low) or 1))
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    return np.ascontiguousarray(pixels[..., ::-1]) / 255
