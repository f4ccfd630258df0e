"""Draw street scenes with the classes of Cityscapes."""

from __future__ import annotations

import cv2
import numpy as np
from street_canvas import COLORS, VOID, Scene

VEHICLES = ('car', 'truck', 'bus', 'train')


def draw_background(scene: Scene) -> None:
    """Paint sky, houses, plants, the road, walls and fences."""
    scene.box('sky', 0, 0, 1, 1)
    horizon, x = 0.45, 0.0
    while x < 1:
        w, top = scene.between(0.1, 0.25), scene.between(0.02, 0.3)
        if scene.chance(0.8):
            shade = tuple(
                np.array(COLORS['building']) * scene.between(0.7, 1.2)
            )
            scene.box('building', x, top, w, 0.6, shade)
            for row in np.arange(top + 0.05, 0.5, 0.1):
                for column in np.arange(x + 0.015, x + w - 0.02, 0.04):
                    scene.box(None, column, row, 0.015, 0.04, (70, 80, 95))
        x += w
    for _ in range(scene.rng.integers(1, 4)):
        x, y = scene.between(0, 1), scene.between(0.2, 0.45)
        for _ in range(6):
            shade = tuple(
                np.array(COLORS['vegetation']) * scene.between(0.6, 1.3)
            )
            dx, dy = scene.between(-0.05, 0.05), scene.between(-0.06, 0.06)
            scene.disc('vegetation', x + dx, y + dy, 0.07, shade)
    scene.polygon('sidewalk', [(0, 0.5), (1, 0.5), (1, 1), (0, 1)])
    scene.polygon(
        'road',
        [(0.42, horizon), (0.58, horizon), (1.15, 1), (-0.15, 1)],
    )
    if scene.chance(0.7):
        left = scene.chance(0.5)
        corners = [(0, 0.62), (0.22, 0.52), (0.12, 0.52), (0, 0.56)]
        if not left:
            corners = [(1 - x, y) for x, y in corners]
        scene.polygon('terrain', corners)
    for name in ('wall', 'fence'):
        if scene.chance(0.6):
            x, w = scene.between(0, 0.75), scene.between(0.15, 0.25)
            scene.box(name, x, 0.42, w, 0.1)
            step = 0.012 if name == 'fence' else 0.04
            for column in np.arange(x, x + w, step):
                scene.box(None, column, 0.42, 0.004, 0.1, (70, 66, 64))


def draw_poles(scene: Scene) -> None:
    """Paint poles with lights and signs."""
    for _ in range(scene.rng.integers(2, 4)):
        x = scene.between(0.02, 0.96)
        scene.box('pole', x, 0.15, 0.012, 0.45)
        if scene.chance(0.6):
            scene.box('traffic light', x - 0.01, 0.13, 0.03, 0.13)
            lamp = ((220, 40, 40), (60, 200, 90))[scene.rng.integers(2)]
            scene.box(None, x, 0.15, 0.012, 0.03, lamp)
        if scene.chance(0.6):
            scene.disc('traffic sign', x, 0.32, 0.055, COLORS['traffic sign'])


def draw_person(scene: Scene, name: str, x: float, y: float, h: float):
    """Paint a standing person of height h, with the feet at y."""
    coat = scene.paint_color()
    scene.box(name, x, y - 0.75 * h, 0.2 * h, 0.75 * h, coat)
    scene.disc(name, x + 0.1 * h, y - 0.85 * h, 0.15 * h, (200, 160, 140))


def draw_two_wheeler(scene: Scene, name: str, x: float, y: float, h: float):
    """Paint a bicycle or motorcycle, sometimes with its rider."""
    if scene.chance(0.7):
        draw_person(scene, 'rider', x + 0.17 * h, y - 0.25 * h, 0.8 * h)
    dark = (35, 35, 40)
    for wheel in (0, 0.45):
        scene.disc(name, x + wheel * h, y - 0.15 * h, 0.17 * h, dark)
    if name == 'motorcycle':
        color = scene.paint_color()
        scene.box(name, x, y - 0.42 * h, 0.45 * h, 0.22 * h, color)
    else:
        scene.box(name, x, y - 0.36 * h, 0.45 * h, 0.06 * h, (150, 40, 40))


def draw_vehicle(scene: Scene, name: str, x: float, y: float, h: float):
    """Paint a vehicle of height h that stands at y.

    All four kinds have random colours from one range. Their shapes differ:
    a bus has a row of windows and a door. A truck has a cab and a plain box.
    A train has windows between two stripes. A car has a cabin on a low body.
    """
    color, glass, dark = scene.paint_color(), (60, 75, 90), (25, 25, 28)
    if name == 'car':
        w, h = 0.75 * h, 0.5 * h
        scene.box(name, x, y - 0.6 * h, w, 0.55 * h, color)
        scene.box(name, x + 0.2 * w, y - h, 0.6 * w, 0.45 * h, color)
        scene.box(None, x + 0.26 * w, y - 0.92 * h, 0.48 * w, 0.3 * h, glass)
    elif name == 'truck':
        w = 0.85 * h
        box = tuple(np.clip(np.array(color) * 1.15, 0, 235))
        scene.box(name, x + 0.25 * w, y - h, 0.75 * w, 0.92 * h, box)
        scene.box(name, x, y - 0.75 * h, 0.24 * w, 0.67 * h, color)
        scene.box(None, x + 0.03 * w, y - 0.68 * h, 0.15 * w, 0.2 * h, glass)
    else:
        w = (0.9 if name == 'bus' else 1.3) * h
        scene.box(name, x, y - h, w, 0.94 * h, color)
        step = 0.18 * h
        for column in np.arange(x + 0.04 * h, x + w - 0.1 * h, step):
            scene.box(None, column, y - 0.82 * h, 0.13 * h, 0.3 * h, glass)
        if name == 'bus':
            scene.box(
                None, x + 0.1 * w, y - 0.5 * h, 0.12 * w, 0.44 * h, glass
            )
        else:
            for stripe in (0.92, 0.45):
                scene.box(None, x, y - stripe * h, w, 0.06 * h, (225, 220, 90))
    wheels = 4 if name == 'train' else 2
    for wheel in np.linspace(0.15, 0.85, wheels):
        scene.disc(name, x + wheel * w, y - 0.07 * h, 0.09 * h, dark)


def draw_traffic(scene: Scene) -> None:
    """Paint road users, from far to near."""
    kinds = [name for name in VEHICLES if scene.chance(0.55)]
    kinds += [
        name
        for name in ('motorcycle', 'bicycle', 'person', 'person')
        if scene.chance(0.55)
    ]
    scene.rng.shuffle(kinds)
    for y, name in zip(
        np.sort(scene.rng.uniform(0.58, 0.92, len(kinds))), kinds, strict=True
    ):
        size = 0.9 * (y - 0.4)
        x = scene.between(0.0, 0.8)
        if name in VEHICLES:
            draw_vehicle(scene, name, x, y, 1.05 * size)
        elif name == 'person':
            draw_person(scene, name, x, y, 0.7 * size)
        else:
            draw_two_wheeler(scene, name, x, y, 0.7 * size)


def draw_scene(
    height: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one street scene.

    Args:
        height (int): Height in pixels. The width is twice the height.
        rng (Generator): Draws all random numbers.

    Returns:
        tuple[ndarray, ndarray]: The RGB image, uint8 (H, 2H, 3), and the
        training ids, uint8 (H, 2H). A pixel without a training id is 255.
    """
    scene = Scene(height, rng)
    draw_background(scene)
    draw_poles(scene)
    draw_traffic(scene)
    # The bonnet of the camera's car has no training id, as in real frames.
    bonnet = scene.polygon(
        None, [(0.3, 1), (0.35, 0.95), (0.65, 0.95), (0.7, 1)], (30, 30, 35)
    )
    scene.label[bonnet] = VOID
    image = cv2.GaussianBlur(scene.image, (3, 3), 0.6)
    image *= rng.uniform(0.75, 1.15)
    image += rng.normal(0, 10, size=image.shape)
    return image.clip(0, 255).astype(np.uint8), scene.label
