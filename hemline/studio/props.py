"""Things that are no garment: turntable, pole, rail and hangers, chair, box, and bags."""

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin

import numpy as np

from hemline.studio.canvas import Part, PhotoCanvas
from hemline.studio.figure.geometry import Camera, Floats


def draw_turntable(canvas: PhotoCanvas, camera: Camera, seed: int) -> None:
    """Lay a turntable under the feet: a dark box with a light disc, or a disc alone."""
    rng = np.random.default_rng(seed)
    level = 0.962
    if rng.random() < 0.7:
        half, deep = float(rng.uniform(0.14, 0.19)), float(rng.uniform(0.05, 0.08))
        dark = float(rng.uniform(18, 60))
        edge, foot, wide = level + 0.034, level + 0.034 + deep, half * 1.1
        top = [(-half, level - 0.012), (half, level - 0.012), (wide, edge), (-wide, edge)]
        front = [(-wide, edge), (wide, edge), (wide, foot), (-wide, foot)]
        _lay(canvas, camera, top, (dark * 1.7,) * 3)
        _lay(canvas, camera, front, (dark,) * 3)
        for number in range(int(rng.integers(0, 9))):
            x = (number - 4) * 0.022
            tone = (200.0, 60.0, 60.0) if number == 2 else (190.0, 190.0, 195.0)
            _lay(canvas, camera, _round(x, level + 0.034 + deep / 2, 0.003, 0.003), tone)
    rim = float(rng.uniform(0.1, 0.125))
    _lay(canvas, camera, _round(0, level + 0.017, rim, rim * 0.24), (150.0, 148.0, 146.0))
    _lay(canvas, camera, _round(0, level + 0.006, rim, rim * 0.24), (232.0, 230.0, 226.0))
    _lay(canvas, camera, _round(0, level + 0.005, rim * 0.86, rim * 0.19), (214.0, 212.0, 208.0))


def draw_pole(canvas: PhotoCanvas, camera: Camera, across: float) -> None:
    """Lay the pole and the foot of a dress form, whose axis is at `across`, body units."""
    dark = (58.0, 54.0, 52.0)
    _bar(canvas, camera, (across, 0.5), (across, 0.94), 0.009, dark)
    for foot in (-0.11, 0.0, 0.11):
        _bar(canvas, camera, (across, 0.9), (across + foot, 0.972), 0.007, dark)


def draw_props(canvas: PhotoCanvas, camera: Camera, seed: int) -> None:
    """Lay up to three things beside and behind where the figure is to stand."""
    rng = np.random.default_rng(seed)
    for index in rng.permutation(len(_THINGS))[: rng.choice(4, p=[0.45, 0.3, 0.15, 0.1])]:
        side = float(rng.choice([-1.0, 1.0]))
        _THINGS[index](canvas, camera, side * float(rng.uniform(0.2, 0.34)), rng)


def draw_shoulder_bag(canvas: PhotoCanvas, camera: Camera, seed: int) -> None:
    """Lay a bag over the figure: it hangs from the wearer's right shoulder, beside the hip."""
    rng = np.random.default_rng([seed, 5])
    tone, top, high = _any(rng), float(rng.uniform(0.42, 0.48)), float(rng.uniform(0.075, 0.12))
    wide, deep = float(rng.uniform(0.05, 0.075)), 0.03
    half = wide * abs(cos(camera.yaw)) + deep * abs(sin(camera.yaw))
    shoulder, x = -0.085 * cos(camera.yaw), -0.125 * cos(camera.yaw)
    left, right = x - half, x + half
    for end in (left + 0.25 * half, right - 0.25 * half):
        _bar(canvas, camera, (shoulder, 0.187), (end, top + 0.01), 0.007, tone, Part.BAG)
    body = [(left, top), (right, top), (right + 0.006, top + high), (left - 0.006, top + high)]
    middle = top + high / 2
    flap = [
        (left, top),
        (right, top),
        (right - 0.012, middle),
        (left + 0.012, middle),
    ]
    _lay(canvas, camera, body, tone, Part.BAG)
    _lay(canvas, camera, flap, tuple(0.8 * part for part in tone), Part.BAG)


def _rail(canvas: PhotoCanvas, camera: Camera, x: float, rng: np.random.Generator) -> None:
    """A clothes rail with empty hangers."""
    tone, y = _grey(rng), float(rng.uniform(0.06, 0.2))
    half = float(rng.uniform(0.12, 0.3))
    _bar(canvas, camera, (x - half, y), (x + half, y), 0.006, tone)
    for end in (x - half, x + half):
        _bar(canvas, camera, (end, y), (end, 0.95), 0.006, tone)
    for at in rng.uniform(x - half, x + half, int(rng.integers(1, 5))):
        _hanger(canvas, camera, float(at), y, rng)


def _hanger(
    canvas: PhotoCanvas, camera: Camera, x: float, y: float, rng: np.random.Generator
) -> None:
    tone = (176.0, 134.0, 92.0) if rng.random() < 0.5 else _grey(rng)
    drop, wide = y + 0.028, float(rng.uniform(0.05, 0.1))
    _bar(canvas, camera, (x, y), (x, drop), 0.002, (120.0, 120.0, 124.0))
    for side in (-1, 1):
        _bar(canvas, camera, (x, drop), (x + side * wide, drop + 0.04), 0.006, tone)
    _bar(canvas, camera, (x - wide, drop + 0.04), (x + wide, drop + 0.04), 0.004, tone)


def _chair(canvas: PhotoCanvas, camera: Camera, x: float, rng: np.random.Generator) -> None:
    tone, seat, half = _any(rng), float(rng.uniform(0.68, 0.74)), float(rng.uniform(0.07, 0.1))
    for leg in (-half, half):
        _bar(canvas, camera, (x + leg, seat), (x + 1.1 * leg, 0.96), 0.008, tone)
        _bar(canvas, camera, (x + leg, seat - 0.24), (x + leg, seat), 0.008, tone)
    back = [
        (x - half, seat - 0.24),
        (x + half, seat - 0.24),
        (x + half, seat - 0.1),
        (x - half, seat - 0.1),
    ]
    top = [
        (x - half, seat - 0.012),
        (x + half, seat - 0.012),
        (x + 1.2 * half, seat + 0.016),
        (x - 1.2 * half, seat + 0.016),
    ]
    for outline in (back, top):
        _lay(canvas, camera, outline, tone)


def _bag(canvas: PhotoCanvas, camera: Camera, x: float, rng: np.random.Generator) -> None:
    tone, top = _any(rng), float(rng.uniform(0.84, 0.89))
    half = float(rng.uniform(0.045, 0.085))
    turn = np.linspace(pi, 2 * pi, 16)
    handle = [(x + 0.6 * half * np.cos(t), top + 0.05 * np.sin(t)) for t in turn]
    for start, end in pairwise(handle):
        _bar(canvas, camera, start, end, 0.004, tone)
    body = [(x - 0.85 * half, top), (x + 0.85 * half, top), (x + half, 0.965), (x - half, 0.965)]
    _lay(canvas, camera, body, tone)


def _box(canvas: PhotoCanvas, camera: Camera, x: float, rng: np.random.Generator) -> None:
    tone, high, half = _any(rng), float(rng.uniform(0.06, 0.3)), float(rng.uniform(0.05, 0.12))
    front = [(x - half, 0.97 - high), (x + half, 0.97 - high), (x + half, 0.97), (x - half, 0.97)]
    lid = [
        (x - half, 0.97 - high),
        (x - 0.8 * half, 0.95 - high),
        (x + 0.8 * half, 0.95 - high),
        (x + half, 0.97 - high),
    ]
    _lay(canvas, camera, front, tone)
    _lay(canvas, camera, lid, tuple(0.85 * part for part in tone))


_THINGS: tuple[Callable[[PhotoCanvas, Camera, float, np.random.Generator], None], ...] = (
    _rail,
    _chair,
    _bag,
    _box,
)


def _bar(
    canvas: PhotoCanvas,
    camera: Camera,
    start: tuple[float, float],
    end: tuple[float, float],
    wide: float,
    colour: tuple[float, ...],
    part: Part = Part.PROP,
) -> None:
    """A straight bar `wide` body units thick."""
    along = np.subtract(end, start)
    across = np.array([-along[1], along[0]]) * (wide / 2 / max(float(np.hypot(*along)), 1e-6))
    corners = [start + across, end + across, end - across, start - across]
    _lay(canvas, camera, [(float(x), float(y)) for x, y in corners], colour, part)


def _grey(rng: np.random.Generator) -> tuple[float, ...]:
    return (float(rng.choice([30.0, 60.0, 150.0, 205.0, 235.0])),) * 3


def _any(rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(float(part) for part in rng.uniform(20, 240) + rng.normal(0, 25, 3))


def _lay(
    canvas: PhotoCanvas,
    camera: Camera,
    points: list[tuple[float, float]],
    colour: tuple[float, ...],
    part: Part = Part.PROP,
) -> None:
    table: Floats = np.asarray(points, dtype=np.float32)
    outline = camera.pixels(table[:, 0], table[:, 1])
    canvas.paint([outline], (colour[0], colour[1], colour[2]), part)


def _round(x: float, y: float, wide: float, high: float) -> list[tuple[float, float]]:
    turn = np.linspace(0, 2 * pi, 40)
    return list(zip(x + wide * np.cos(turn), y + high * np.sin(turn), strict=True))
