"""The turntable a mannequin stands on."""

from math import pi

import numpy as np

from hemline.studio.canvas import Canvas
from hemline.studio.figure.geometry import Camera, Floats


def draw_turntable(canvas: Canvas, camera: Camera, seed: int) -> None:
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


def _lay(
    canvas: Canvas, camera: Camera, points: list[tuple[float, float]],
    colour: tuple[float, ...],
) -> None:  # fmt: skip
    table: Floats = np.asarray(points, dtype=np.float32)
    outline = camera.pixels(table[:, 0], table[:, 1])
    canvas.paint([outline], (colour[0], colour[1], colour[2]), figure=False)


def _round(x: float, y: float, wide: float, high: float) -> list[tuple[float, float]]:
    turn = np.linspace(0, 2 * pi, 40)
    return list(zip(x + wide * np.cos(turn), y + high * np.sin(turn), strict=True))
