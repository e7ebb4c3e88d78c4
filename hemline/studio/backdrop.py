"""What stands behind the figure: a paper sheet in a dark or light studio, a wall, or a street."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from hemline.studio.colours import Colour, colour
from hemline.studio.figure.geometry import Floats, floats, smoothstep
from hemline.studio.noise import Noise, make_noise


class BackdropKind(StrEnum):
    """Kinds of backdrop."""

    ROLL = "roll"
    COVE = "cove"
    SEAMLESS = "seamless"
    WALL = "wall"
    STREET = "street"


@dataclass(frozen=True)
class Backdrop:
    """A backdrop whose things are placed by `rng_seed`; `floor` is where the wall ends, 0..1."""

    kind: BackdropKind
    tone: Colour
    ground: Colour
    floor: float
    blur: float
    noise: Noise
    seed: int


def sample_backdrop(rng: np.random.Generator, kind: BackdropKind) -> Backdrop:
    """A backdrop drawn from `rng`."""
    bright = float(rng.uniform(205, 252))
    cast = rng.normal(0, 4, 3)
    tone = bright + cast
    if kind in (BackdropKind.SEAMLESS, BackdropKind.WALL):
        value = float(rng.uniform(70, 245))
        tone = value + rng.normal(0, 14, 3)
    ground = float(rng.uniform(70, 210)) + rng.normal(0, 8, 3)
    if kind in (BackdropKind.SEAMLESS, BackdropKind.COVE):
        ground = tone * rng.uniform(0.86, 1.0)
    blur = float(rng.uniform(0.004, 0.012)) if kind is BackdropKind.STREET else 0.0008
    return Backdrop(
        kind,
        colour(tone),
        colour(ground),
        float(rng.uniform(0.7, 0.86)),
        blur,
        make_noise(rng),
        int(rng.integers(2**31)),
    )


def draw_backdrop(backdrop: Backdrop, height: int, width: int) -> Floats:
    """The empty scene, `(height, width, 3)` float32 RGB 0..255."""
    rng = np.random.default_rng(backdrop.seed)
    image = np.empty((height, width, 3), dtype=np.uint8)
    pen = _Pen(image, max(height, width))
    match backdrop.kind:
        case BackdropKind.ROLL:
            _roll(pen, backdrop, rng)
        case BackdropKind.COVE:
            _cove(pen, backdrop, rng)
        case BackdropKind.SEAMLESS:
            _seamless(pen, backdrop)
        case BackdropKind.WALL:
            _wall(pen, backdrop, rng)
        case BackdropKind.STREET:
            _street(pen, backdrop, rng)
    blurred = cv2.GaussianBlur(image, (0, 0), max(0.3, backdrop.blur * height))
    return _light(blurred.astype(np.float32), backdrop, rng)


@dataclass(frozen=True)
class _Pen:
    """Draws in shares of the photo's width and height."""

    image: np.ndarray
    longest: int

    def area(self, points: list[tuple[float, float]], colour: object) -> None:
        height, width = self.image.shape[:2]
        fixed = np.round(floats(points) * [width, height] * 16).astype(np.int32)
        cv2.fillPoly(self.image, [fixed], _ints(colour), cv2.LINE_AA, 4)

    def line(self, points: np.ndarray, colour: object, thick: float) -> None:
        height, width = self.image.shape[:2]
        fixed = np.round(floats(points) * [width, height] * 16).astype(np.int32)
        size = max(1, round(thick * self.longest))
        cv2.polylines(self.image, [fixed], False, _ints(colour), size, cv2.LINE_AA, 4)

    def fill(self, top: float, bottom: float, colour: object) -> None:
        self.area([(0, top), (1, top), (1, bottom), (0, bottom)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: object) -> None:
        turn = np.linspace(0, 2 * np.pi, 40)
        self.area(list(zip(x + rx * np.cos(turn), y + ry * np.sin(turn), strict=True)), colour)


def _roll(pen: _Pen, backdrop: Backdrop, rng: np.random.Generator) -> None:
    """A paper roll hung in a dark studio, its lower end lying on the floor."""
    dark = float(rng.uniform(8, 70))
    pen.image[:] = _ints((dark, dark, dark * 1.05))
    pen.fill(backdrop.floor + 0.06, 1.01, backdrop.ground)
    left, right = float(rng.uniform(-0.1, 0.1)), float(rng.uniform(0.82, 1.1))
    top, end = float(rng.uniform(0.03, 0.16)), float(rng.uniform(0.86, 1.1))
    curl = float(rng.uniform(0.0, 0.06))
    sheet = floats(backdrop.tone)
    pen.area(
        [
            (left, top),
            (right, top),
            (right, end - 0.14),
            (right + curl, end),
            (left - curl, end),
            (left, end - 0.14),
        ],
        sheet,
    )
    pen.area(
        [
            (left - 0.01, top - 0.008),
            (right + 0.02, top - 0.008),
            (right + 0.02, top + 0.012),
            (left - 0.01, top + 0.012),
        ],
        sheet * 0.92,
    )
    pen.line(np.array([(left, top + 0.014), (right, top + 0.014)]), sheet * 0.72, 0.002)
    if rng.random() < 0.6:
        pen.line(np.array([(right + 0.02, top), (right + 0.02, 0.62)]), (60, 60, 62), 0.006)
    _clutter(pen, backdrop, rng)


def _cove(pen: _Pen, backdrop: Backdrop, rng: np.random.Generator) -> None:
    """A painted white corner, with boards leaning on the wall."""
    pen.image[:] = _ints(backdrop.tone)
    edge = float(rng.uniform(0.08, 0.3))
    pen.fill(0, edge, floats(backdrop.tone) * rng.uniform(0.88, 0.98))
    if rng.random() < 0.6:
        x, wide, low = rng.uniform(-0.1, 0.4), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.8)
        pen.area(
            [(x, -0.01), (x + wide, -0.01), (x + wide, low), (x, low)],
            floats(backdrop.tone) * rng.uniform(0.93, 1.03),
        )
        pen.line(
            np.array([(x, 0), (x, low), (x + wide, low), (x + wide, 0)]),
            floats(backdrop.tone) * 0.85,
            0.001,
        )
    for _ in range(rng.integers(0, 3)):
        y = rng.uniform(0, 0.2)
        pen.area(
            [(0.85, y), (1.01, y - 0.1), (1.01, y + 0.05), (0.87, y + 0.06)],
            floats(backdrop.tone) * rng.uniform(0.8, 1.04),
        )
    _clutter(pen, backdrop, rng)


def _seamless(pen: _Pen, backdrop: Backdrop) -> None:
    """One colour that goes from wall to floor without an edge."""
    height = pen.image.shape[0]
    down = (np.arange(height, dtype=np.float32) / height)[:, None]
    part = smoothstep(down, backdrop.floor - 0.1, backdrop.floor + 0.06)[..., None]
    column = floats(backdrop.tone) * (1 - part) + floats(backdrop.ground) * part
    pen.image[:] = np.clip(column, 0, 255).astype(np.uint8)


def _wall(pen: _Pen, backdrop: Backdrop, rng: np.random.Generator) -> None:
    """A painted, panelled or brick wall above a floor."""
    tone, floor = floats(backdrop.tone), backdrop.floor
    pen.image[:] = _ints(tone)
    style = rng.choice(["plain", "panels", "brick"])
    if style == "brick":
        rows = int(rng.integers(18, 34))
        for row in range(rows):
            y, step = row * floor / rows, floor / rows
            for column in range(-1, 9):
                x = (column + 0.5 * (row % 2)) / 8
                pen.area(
                    [
                        (x + 0.004, y + 0.003),
                        (x + 0.121, y + 0.003),
                        (x + 0.121, y + step - 0.003),
                        (x + 0.004, y + step - 0.003),
                    ],
                    tone * rng.uniform(0.78, 0.95),
                )
    elif style == "panels":
        step = float(rng.uniform(0.15, 0.5))
        for x in np.arange(rng.uniform(0, step), 1.0, step):
            pen.line(np.array([(x, 0), (x, floor)]), tone * 0.8, 0.003)
            pen.line(np.array([(x + 0.006, 0), (x + 0.006, floor)]), tone * 1.06, 0.0015)
    pen.fill(floor, 1.01, backdrop.ground)
    if rng.random() < 0.6:
        pen.fill(floor - 0.02, floor, np.clip(tone * rng.uniform(0.7, 1.2), 0, 255))
    if rng.random() < 0.4:
        x = float(rng.choice([rng.uniform(-0.1, 0.05), rng.uniform(0.75, 0.95)]))
        pen.area([(x, 0.1), (x + 0.3, 0.1), (x + 0.3, floor), (x, floor)], rng.uniform(40, 220, 3))


def _street(pen: _Pen, backdrop: Backdrop, rng: np.random.Generator) -> None:
    """A street out of focus: sky, houses with windows, cars and passers-by, asphalt."""
    pen.image[:] = _ints(rng.uniform(150, 245, 3) * 0.3 + 170)
    horizon = backdrop.floor - 0.18
    x = -0.1
    while x < 1.0:
        wide, top = float(rng.uniform(0.12, 0.5)), float(rng.uniform(-0.2, 0.45))
        tone = np.clip(rng.uniform(50, 200) + rng.normal(0, 14, 3), 10, 250)
        pen.area([(x, top), (x + wide, top), (x + wide, 1), (x, 1)], tone)
        across, down = rng.uniform(0.05, 0.1), rng.uniform(0.07, 0.13)
        for wx in np.arange(x + 0.02, x + wide - 0.03, across):
            for wy in np.arange(top + 0.03, horizon - 0.08, down):
                pen.area(
                    [
                        (wx, wy),
                        (wx + 0.6 * across, wy),
                        (wx + 0.6 * across, wy + 0.6 * down),
                        (wx, wy + 0.6 * down),
                    ],
                    tone * rng.uniform(0.35, 1.25),
                )
        x += wide
    for _ in range(rng.integers(0, 8)):
        tone = np.clip(rng.uniform(20, 220) + rng.normal(0, 30, 3), 5, 250)
        at, wide, high = rng.uniform(0, 1), rng.uniform(0.03, 0.18), rng.uniform(0.05, 0.14)
        if rng.random() < 0.5:
            pen.ellipse(at, horizon, wide, high / 2, tone)
            pen.ellipse(at, horizon - high / 3, wide / 2, high / 2, tone * 0.6)
        else:
            pen.ellipse(at, horizon - 0.02, 0.02, 0.09, tone)
            pen.ellipse(at, horizon - 0.125, 0.009, 0.013, (190, 150, 125))
    pen.fill(horizon + 0.03, 1.01, backdrop.ground)
    for _ in range(rng.integers(0, 3)):
        y = rng.uniform(horizon + 0.05, 1.0)
        pen.line(
            np.array([(-0.1, y), (1.1, y + rng.normal(0, 0.06))]),
            np.clip(floats(backdrop.ground) * rng.uniform(0.6, 1.5), 0, 255),
            rng.uniform(0.002, 0.02),
        )


def _clutter(pen: _Pen, backdrop: Backdrop, rng: np.random.Generator) -> None:
    """Lamps, stands, wires and boxes at the edges of a studio."""
    if rng.random() < 0.5:
        x, y = (
            (0.98, rng.uniform(0.06, 0.2)) if rng.random() < 0.5 else (0.0, rng.uniform(0.3, 0.5))
        )
        pen.ellipse(float(x), float(y), 0.11, 0.028, (28, 28, 30))
        pen.ellipse(float(x) + (0.03 if x == 0 else -0.03), float(y), 0.05, 0.016, (70, 70, 74))
    if rng.random() < 0.6:
        side = float(rng.choice([0.03, 0.97]))
        lean = 0.09 * (1 if side < 0.5 else -1)
        for foot in (-lean, lean, 2 * lean):
            pen.line(
                np.array([(side, backdrop.floor - 0.08), (side + foot, 0.97)]), (24, 24, 26), 0.005
            )
        pen.line(np.array([(side, 0.3), (side, backdrop.floor)]), (40, 40, 42), 0.005)
    if rng.random() < 0.35:
        x = float(rng.choice([rng.uniform(0.0, 0.06), rng.uniform(0.88, 0.97)]))
        tone = rng.uniform(20, 240, 3)
        pen.area([(x - 0.05, 0.84), (x + 0.06, 0.84), (x + 0.06, 0.98), (x - 0.05, 0.98)], tone)
    for _ in range(rng.integers(0, 4)):
        t = np.linspace(0, 1, 30)
        start = rng.uniform(0.5, 1.1)
        end = start - rng.uniform(0.35, 1.0)
        level = rng.uniform(0.86, 0.97)
        down = (
            level
            + 0.02 * np.sin(t * rng.uniform(3, 12) + rng.uniform(0, 6))
            + rng.normal(0, 0.02) * t
        )
        pen.line(np.stack([start + (end - start) * t, down], axis=1), (26, 26, 28), 0.0022)


def _light(image: Floats, backdrop: Backdrop, rng: np.random.Generator) -> Floats:
    """A pool of light on the backdrop and soft waves in it."""
    height, width = image.shape[:2]
    x = (np.arange(width, dtype=np.float32) / width)[None, :]
    y = (np.arange(height, dtype=np.float32) / height)[:, None]
    cx, cy = rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.6)
    pool = np.exp(-(((x - cx) / 0.75) ** 2) - ((y - cy) / 0.8) ** 2)
    strength = rng.uniform(0.05, 0.28)
    waves = backdrop.noise.octaves(x * 5 + 3, y * 7, 3) * rng.uniform(0.0, 0.014)
    grit = backdrop.noise.at(x * 260, y * 390) * 0.012 * (y > backdrop.floor)
    return floats(image * (1 - strength + strength * pool + waves + grit)[..., None])


def _ints(colour: object) -> tuple[int, int, int]:
    red, green, blue = np.clip(np.asarray(colour, dtype=np.float64), 0, 255)
    return int(red), int(green), int(blue)
