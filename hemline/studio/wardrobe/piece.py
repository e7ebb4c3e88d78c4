"""A piece: one tube of cloth or body between two edges, and how it is laid on the canvas."""

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from hemline.studio.canvas import LayerBox, Part, PhotoCanvas
from hemline.studio.figure.geometry import Camera, Curve, Floats, Relief, Tube, floats, smoothstep
from hemline.studio.wardrobe.fabric import Fabric, Light, flat, light_up, weave

_STEPS = 48
_EDGE_ROWS = 96
_GIRTH = 0.1  # Radius that turns angles into lengths on the cloth, body units.


@dataclass(frozen=True, slots=True)
class Neckline:
    """An opening at the top: half its width at height `y`, its depth in front and behind.

    `power` bends it: 1 is a V, 2 a round neck, 6 nearly square.
    """

    y: float
    half: float
    front: float
    back: float
    power: float


@dataclass(frozen=True)
class Piece:
    """A tube of cloth or body from the edge `top` to the edge `bottom`.

    `far` shows the wrong side of the half that faces away; over the last `fade` above the bottom
    edge its colours pass into what lies beneath.
    `span` are the angles it covers, radians from the front; `fold_depth` is what the relief
    reaches at most, body units.
    """

    tube: Tube
    top: Curve
    bottom: Curve
    fabric: Fabric
    relief: Relief = flat
    fold_depth: float = 0.0
    neckline: Neckline | None = None
    span: tuple[float, float] = (-pi, pi)
    part: Part = Part.GARMENT
    bands: tuple["Band", ...] = ()
    far: bool = False
    fade: float = 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """A strip between two heights that is darker or lighter: a waistband, a seam, a shadow."""

    top: float
    bottom: float
    factor: float


def draw_piece(canvas: PhotoCanvas, camera: Camera, light: Light, piece: Piece) -> None:
    """Lay a piece over the canvas."""
    outline = outline_of(piece, camera)
    if len(outline) < 3:
        return

    def colours(box: LayerBox) -> Floats:
        return _colours(canvas, box, camera, light, piece)

    canvas.paint([outline], colours, piece.part)


def outline_of(piece: Piece, camera: Camera) -> Floats:
    """The outline a camera sees, `(N, 2)` pixels; empty if the piece faces away."""
    low, high = _visible(piece, camera)
    if high - low < 0.02:
        return np.zeros((0, 2), dtype=np.float32)
    angles = np.linspace(low, high, _STEPS, dtype=np.float32)
    bottom = _edge(piece, camera, piece.bottom, angles)
    if piece.neckline is not None:
        top = _neck(piece, piece.neckline, camera)
    else:
        top = _edge(piece, camera, piece.top, angles)
    right = _side(piece, camera, high, piece.top, piece.bottom)
    left = _side(piece, camera, low, piece.top, piece.bottom)
    return np.concatenate([top, right, bottom[::-1], left[::-1]])


def _visible(piece: Piece, camera: Camera) -> tuple[float, float]:
    """The part of the span that faces the camera, as angles from the line of sight."""
    if piece.span[1] - piece.span[0] >= 2 * pi - 1e-3:
        return -pi / 2, pi / 2
    turn = _turn(piece, camera)
    middle = (piece.span[0] + piece.span[1]) / 2 + turn
    middle -= 2 * pi * round(middle / (2 * pi))
    reach = (piece.span[1] - piece.span[0]) / 2
    return max(-pi / 2, middle - reach), min(pi / 2, middle + reach)


def _turn(piece: Piece, camera: Camera) -> float:
    middle = floats([(piece.tube.top + piece.tube.bottom) / 2])
    return float(piece.tube.seen(camera, middle).turn[0])


def _edge(piece: Piece, camera: Camera, curve: Curve, psi: Floats) -> Floats:
    return _points(piece, camera, psi, curve(_round(piece, psi) - _turn(piece, camera)))


def _round(piece: Piece, psi: Floats) -> Floats:
    """Angles on the half that is shown, from angles on the half that faces the camera."""
    return np.float32(pi) - psi if piece.far else psi


def _side(piece: Piece, camera: Camera, psi: float, top: Curve, bottom: Curve) -> Floats:
    angle = floats([psi - _turn(piece, camera)])
    start = piece.neckline.y if piece.neckline is not None else float(top(angle)[0])
    y = np.linspace(start, max(float(bottom(angle)[0]), start), _EDGE_ROWS, dtype=np.float32)
    return _points(piece, camera, np.full_like(y, psi), y)


def _points(piece: Piece, camera: Camera, psi: Floats, y: Floats) -> Floats:
    seen = piece.tube.seen(camera, y)
    psi = _round(piece, psi)
    half = seen.half + piece.relief(psi - seen.turn, y)
    across = seen.centre + half * np.sin(psi)
    down = y + camera.bow * (y - camera.eye) * seen.depth * np.cos(psi)
    return camera.pixels(across, down)


def _neck(piece: Piece, neck: Neckline, camera: Camera) -> Floats:
    """The edge of a neckline from left to right, on the side of the body that is seen."""
    side = -1.0 if camera.behind else 1.0
    along = np.linspace(-1, 1, _STEPS, dtype=np.float32)
    depth = neck.back if camera.behind else neck.front
    y = neck.y + depth * (1 - np.abs(along) ** neck.power)
    x = along * neck.half * side
    a = np.interp(y, piece.tube.y, piece.tube.a)
    b = np.interp(y, piece.tube.y, piece.tube.b)
    z = np.interp(y, piece.tube.y, piece.tube.z)
    z = z + side * b * np.sqrt(np.clip(1 - (x / a) ** 2, 0, 1)) * (1 - along**4)
    across = x * cos(camera.yaw) + z * sin(camera.yaw)
    return camera.pixels(across.astype(np.float32), y.astype(np.float32))


def _colours(
    canvas: PhotoCanvas, box: LayerBox, camera: Camera, light: Light, piece: Piece
) -> Floats:
    x, y = box.grid()
    across = (x - camera.left) / camera.scale
    down = (y - camera.top) / camera.scale
    seen = piece.tube.seen(camera, down)
    psi = np.arcsin(np.clip((across - seen.centre) / np.maximum(seen.half, 1e-4), -1, 1))
    shown = _round(piece, psi)
    phi = shown - seen.turn
    v = down - camera.bow * (down - camera.eye) * seen.depth * np.cos(shown)
    relief = piece.relief(phi, v)
    # Folds carry the print with them: it bends where the cloth does.
    u = _GIRTH * phi + 0.8 * relief
    pixel = 1 / camera.scale
    base = piece.fabric.print.at(u, v, pixel) * weave(piece.fabric, u, v, pixel)[..., None]
    for band in piece.bands:
        base = base * np.where((v > band.top) & (v < band.bottom), band.factor, 1.0)[..., None]
    lit = light_up(
        base,
        psi,
        relief,
        light=light,
        fabric=piece.fabric,
        scale=camera.scale,
        depth=piece.fold_depth,
    )
    holes = piece.fabric.print.holes(u, v, pixel)
    if holes is not None:
        lit += holes[..., None] * (canvas.image[box.slices] - lit)
    if piece.fade > 0:
        open_ = 1 - smoothstep((piece.bottom(phi) - v) / piece.fade, 0.0, 1.0)
        lit += open_[..., None] * (canvas.image[box.slices] - lit)
    return lit
