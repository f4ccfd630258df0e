"""The canvas of a street scene: an image and its label map."""

from __future__ import annotations

import cv2
import numpy as np
from mmseg.datasets import CityscapesDataset

CLASSES = CityscapesDataset.METAINFO['classes']
TRAIN_ID = {name: i for i, name in enumerate(CLASSES)}
VOID = 255

# Mean RGB colours. Vehicles and people have random colours, see below.
COLORS = {
    'road': (90, 88, 92),
    'sidewalk': (150, 140, 145),
    'building': (135, 115, 100),
    'wall': (125, 120, 118),
    'fence': (120, 115, 110),
    'pole': (110, 112, 115),
    'traffic light': (60, 62, 50),
    'traffic sign': (200, 190, 60),
    'vegetation': (70, 105, 55),
    'terrain': (120, 140, 80),
    'sky': (185, 205, 225),
}


class Scene:
    """An image and its label map, painted from back to front.

    Args:
        height (int): Height in pixels. The width is twice the height.
        rng (Generator): Draws all random numbers.
    """

    def __init__(self, height: int, rng: np.random.Generator) -> None:
        self.height, self.width = height, 2 * height
        self.rng = rng
        self.image = np.zeros((height, 2 * height, 3), dtype=np.float32)
        self.label = np.full((height, 2 * height), VOID, dtype=np.uint8)

    def points(self, corners: list) -> np.ndarray:
        """Convert corners (x, y) from fractions of the image to pixels."""
        scale = (self.width - 1, self.height - 1)
        return np.round(np.array(corners) * scale).astype(np.int32)

    def polygon(
        self, name: str | None, corners: list, color: tuple | None = None
    ) -> np.ndarray:
        """Paint a polygon. With ``name`` None, the label map does not change.

        Returns:
            ndarray: bool (H, W), True for the painted pixels.
        """
        mask = np.zeros(self.label.shape, dtype=np.uint8)
        cv2.fillPoly(mask, [self.points(corners)], 1)
        painted = mask > 0
        if name is not None:
            self.label[painted] = TRAIN_ID[name]
        self.image[painted] = COLORS[name] if color is None else color
        return painted

    def box(
        self,
        name: str | None,
        x: float,
        y: float,
        w: float,
        h: float,
        color: tuple | None = None,
    ) -> np.ndarray:
        """Paint a rectangle with the upper left corner (x, y)."""
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
        return self.polygon(name, corners, color)

    def disc(self, name: str, x: float, y: float, r: float, color: tuple):
        """Paint a disc. The radius is a fraction of the image height."""
        angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        corners = np.stack(
            [x + r / 2 * np.cos(angle), y + r * np.sin(angle)], axis=1
        )
        self.polygon(name, corners, color)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Draw a number from a uniform distribution."""
        return float(self.rng.uniform(low, high))

    def paint_color(self) -> tuple:
        """Draw the colour of a vehicle, from one range for all kinds."""
        return tuple(self.rng.uniform(40, 220, size=3))
