"""The images that a model gets most wrong, as small pictures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import zip_longest
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from PIL import Image

from mmda.evaluation.functional import iou_of_areas

from .activation import NOTHING_SEEN, grad_cam, shown_pixels
from .figure import COLORS, data_uri
from .image_answers import ImageAnswer

#: Pixels of the longer side of a picture: small images grow, large shrink.
_SIDE = 144
#: What a colour says about the pixels of the class.
PIXEL_COLORS = {
    'found': COLORS[0],
    'missed': COLORS[1],
    'false alarm': COLORS[3],
}


@dataclass
class WrongImage:
    """An image and a wrong answer about it.

    Attributes:
        name (str): File name, with its folder.
        source (str): Name of the source, or ''.
        says (str): Answer and label.
        picture (str): The image, as a data URI; '' if it cannot be read.
        map (str): Where the model sees the class, or which pixels are wrong;
            '' if there is no such map.
        note (str): Why a map is missing or empty; '' otherwise.
    """

    name: str
    source: str
    says: str
    picture: str = ''
    map: str = ''
    note: str = ''


@dataclass
class WrongClass:
    """The images that are most wrong about one class."""

    name: str
    images: list[WrongImage] = field(default_factory=list)


def most_wrong(
    rows: Sequence[ImageAnswer],
    classes: Sequence[str],
    values: Mapping[str, float],
    num_classes: int,
    num_images: int,
) -> dict[int, list[ImageAnswer]]:
    """Choose the images with the greatest errors of the worst classes.

    The error of a whole image is the distance of answer and label. The error
    of pixels is 1 - IoU of the class in the image. An answer on the right
    side of 0.5 is no error.

    Args:
        rows (Sequence[ImageAnswer]): Answers about N images.
        classes (Sequence[str]): C names.
        values (Mapping[str, float]): Metric of each class, which orders the
            classes. A missing class is left out; NaN comes last.
        num_classes (int): Number of classes to return.
        num_images (int): Number of images of a class.

    Returns:
        dict[int, list[ImageAnswer]]: Class -> images, the worst first, both
        at most as many as asked for.
    """
    if not rows:
        return {}
    errors = np.stack([_errors(row) for row in rows])  # (N, C)
    errors[~(errors > 0.5)] = 0  # NaN, too
    wrong = np.flatnonzero(errors.any(axis=0)).tolist()
    order = sorted(
        (index for index in wrong if classes[index] in values),
        key=lambda i: (np.isnan(values[classes[i]]), values[classes[i]]),
    )
    chosen = {}
    for index in order[:num_classes]:
        worst = np.argsort(-errors[:, index], kind='stable')[:num_images]
        chosen[index] = [rows[i] for i in worst if errors[i, index]]
    return chosen


def _errors(row: ImageAnswer) -> np.ndarray:
    if row.areas is not None:
        return 1 - iou_of_areas(row.areas)
    assert row.score is not None and row.target is not None
    return np.abs(row.score - row.target)


def draw_wrong_images(
    chosen: Mapping[int, Sequence[ImageAnswer]],
    classes: Sequence[str],
    dataset: Any,
    model: Any,
    seconds: float,
) -> tuple[list[WrongClass], list[str]]:
    """Draw each image, and beside it where the model sees the class.

    Args:
        chosen (Mapping[int, Sequence[ImageAnswer]]): From :func:`most_wrong`.
        classes (Sequence[str]): C names.
        dataset (Any): The images, with the pipeline of a test.
        model (BaseModel): The model that gave the answers.
        seconds (float): From then on, images get no map.

    Returns:
        tuple[list[WrongClass], list[str]]: The classes, and reasons why maps
        are missing.
    """
    end = time.monotonic() + seconds
    found = {index: WrongClass(classes[index]) for index in chosen}
    notes: dict[str, None] = {}  # a set that keeps the order
    was_training = model.training
    model.eval()
    # The worst image of each class first: the time may not suffice for all.
    for line in zip_longest(*chosen.values()):
        for index, row in zip(chosen, line, strict=True):
            if row is None:
                continue
            in_time = time.monotonic() < end
            image = _draw(row, index, dataset, model if in_time else None)
            if not in_time:
                notes[f'images without a map: {seconds:g} s had passed'] = None
            if image.note not in ('', NOTHING_SEEN):
                notes[image.note] = None
                image.note = ''
            found[index].images.append(image)
    model.train(was_training)
    return list(found.values()), list(notes)


def _describe(row: ImageAnswer, index: int) -> WrongImage:
    name = '/'.join(PurePath(row.path).parts[-2:]) or f'image {row.place}'
    if row.areas is not None:
        iou = iou_of_areas(row.areas)[index]
        says = f'IoU {iou:.0%} in this image'
    else:
        assert row.score is not None and row.target is not None
        label = {0.0: 'no', 1.0: 'yes'}.get(float(row.target[index]))
        label = label or f'{row.target[index]:.2f}'
        says = f'answer {row.score[index]:.2f}, label {label}'
    return WrongImage(name, str(row.source or ''), says)


def _draw(
    row: ImageAnswer, index: int, dataset: Any, model: Any
) -> WrongImage:
    """Draw an image, and without a model no map of it."""
    image = _describe(row, index)
    # The images, the pipeline and the model are the user's: what they raise
    # must not cost the page.
    try:
        sample = dataset[row.place]
        if not isinstance(sample['inputs'], torch.Tensor):
            image.note = 'no pictures: the test-time augmentation changes them'
            return image
        pixels = shown_pixels(sample['inputs'])
        image.picture = _small(pixels)
    except Exception as error:
        image.note = f'no picture of {image.name}: {_short(error)}'
        return image
    if model is None:
        return image
    try:
        if row.areas is not None:
            pixels, over = _pixel_map(sample, index, model)
            image.picture = _small(pixels)
        else:
            heat = grad_cam(model, sample, index)
            image.note = '' if heat.any() else NOTHING_SEEN
            over = _blend_heat(pixels, heat)
        image.map = _small(over)
    except ImportError:
        image.note = 'no activation maps: they need `pip install grad-cam`'
    except Exception as error:
        image.note = f'no maps: {_short(error)}'
    return image


def _short(error: Exception) -> str:
    text = ' '.join(str(error).split())
    return f'{type(error).__name__}, {text:.160}'


def _blend_heat(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    from matplotlib import colormaps

    return (pixels + colormaps['inferno'](heat)[..., :3]) / 2


@torch.no_grad()
def _pixel_map(
    sample: dict, index: int, model: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return an image, and the image with the pixels of a class painted."""
    batch = dict(
        inputs=[sample['inputs']], data_samples=[sample['data_samples']]
    )
    result = model.test_step(batch)[0]
    found = result.pred_sem_seg.data.squeeze(0).cpu().numpy() == index
    label = result.gt_sem_seg.data.squeeze(0).cpu().numpy()
    size = (label.shape[1], label.shape[0])
    small = Image.fromarray(_bytes(shown_pixels(sample['inputs'])))
    pixels = np.asarray(small.resize(size), dtype=np.float32) / 255
    over, true = pixels.copy(), label == index
    kinds = (found & true, ~found & true, found & ~true & (label != 255))
    for mask, color in zip(kinds, PIXEL_COLORS.values(), strict=True):
        paint = np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
        over[mask] = (over[mask] + 2 * paint) / 3
    return pixels, over


def _bytes(pixels: np.ndarray) -> np.ndarray:
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)


def _small(pixels: np.ndarray) -> str:
    """Return an image as a small JPEG in a data URI."""
    image = Image.fromarray(_bytes(pixels))
    factor = _SIDE / max(image.size)
    size = [max(1, round(side * factor)) for side in image.size]
    how = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX
    content = BytesIO()
    image.resize((size[0], size[1]), how).save(content, 'JPEG', quality=85)
    return data_uri(content.getvalue(), 'image/jpeg')
