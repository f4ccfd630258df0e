"""Where in an image a class is seen: class activation maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmda.structures import nearest

from .inference_model import TrainedModel, as_sample


class _Answers(nn.Module):
    """The path from a normalised image to the logits of all classes."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model.head(self.model.extract_feat(inputs))


def activation_map(
    trained: TrainedModel,
    image: str | np.ndarray,
    question: str,
    layer: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the model sees a class (Grad-CAM).

    Args:
        trained (TrainedModel): The model.
        image (str | ndarray): Path, or pixels.
        question (str): A class name.
        layer (str, optional): Module whose feature map is used, such as
            'backbone.layer4'. Defaults to the last one with a feature map.

    Returns:
        tuple[ndarray, ndarray]: The image as the model gets it, float32
        (H, W, 3) RGB in [0, 1], and the map, float32 (H, W) in [0, 1].

    Raises:
        ImportError: If grad-cam is not installed.
        ValueError: If there is no such class or layer.
    """
    try:
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as error:
        raise ImportError(
            'activation maps need grad-cam: pip install grad-cam, or '
            'mmda[optional]'
        ) from error
    if question not in trained.classes:
        raise ValueError(
            f'the model has no class {question!r}'
            f'{nearest(question, trained.classes)}'
        )
    sample = trained.pipeline(as_sample(image))
    data = trained.model.data_preprocessor(
        dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
    )
    target = _find_layer(trained.model, data['inputs'], layer)
    wanted = [ClassifierOutputTarget(trained.classes.index(question))]
    with GradCAM(model=_Answers(trained.model), target_layers=[target]) as cam:
        heat = cam(input_tensor=data['inputs'], targets=wanted)[0]
    trained.model.zero_grad(set_to_none=True)
    pixels = sample['inputs'].float().numpy().transpose(1, 2, 0)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    return np.ascontiguousarray(pixels[..., ::-1]) / 255, heat


@torch.no_grad()
def _find_layer(model: Any, inputs: Tensor, name: str | None) -> nn.Module:
    """Return a module by name, else the last one with a feature map."""
    modules = dict(model.named_modules())
    if name is not None:
        if name not in modules:
            raise ValueError(
                f'the model has no layer {name!r}{nearest(name, modules)}'
            )
        return modules[name]
    seen: list[nn.Module] = []

    def keep(module: nn.Module, _: tuple, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            if min(output.shape[2:]) > 1:
                seen.append(module)

    children = dict(model.backbone.named_children()).values()
    blocks = [
        block
        for child in children
        for block in (
            child.children()
            if isinstance(child, (nn.ModuleList, nn.Sequential))
            else [child]
        )
    ]
    handles = [block.register_forward_hook(keep) for block in blocks]
    try:
        model.extract_feat(inputs)
    finally:
        for handle in handles:
            handle.remove()
    if not seen:
        raise ValueError('the backbone gives no feature map: name a layer')
    return seen[-1]
