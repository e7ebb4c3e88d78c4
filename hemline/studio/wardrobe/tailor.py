"""The tailor: makes the pieces of a garment to the measure of a body."""

from dataclasses import dataclass, replace
from math import pi

import numpy as np

from hemline.studio.canvas import Part
from hemline.studio.figure.body import Body, FigureKind, armhole
from hemline.studio.figure.geometry import Curve, Floats, Relief, Tube, floats, level, smoothstep
from hemline.studio.noise import make_noise
from hemline.studio.wardrobe.fabric import Folds, Wave, both
from hemline.studio.wardrobe.piece import Band, Neckline, Piece
from hemline.studio.wardrobe.wardrobe import Garment, GarmentType, Sleeve

Points = tuple[Floats, Floats, Floats]
_SHOULDER = 0.166


@dataclass(frozen=True)
class Strap:
    """A ribbon over the shoulder: its points (x, y, z) in front and behind, and its width."""

    front: Points
    back: Points
    width: float


@dataclass(frozen=True)
class Made:
    """A garment made to measure, in the order it is laid on.

    `inside` is the wrong side of a dipped hem, seen behind the legs; `sleeves` are keyed by side.
    """

    garment: Garment
    inside: tuple[Piece, ...]
    pieces: tuple[Piece, ...]
    straps: tuple[Strap, ...]
    sleeves: dict[int, Piece]


def make(garment: Garment, body: Body, rng: np.random.Generator) -> Made:
    """The pieces of `garment` as `body` wears it; folds are drawn from `rng`."""
    match garment.type:
        case GarmentType.TROUSERS:
            return Made(garment, (), _trousers(garment, body, rng), (), {})
        case GarmentType.SKIRT:
            return _skirt(garment, body, rng)
        case GarmentType.COAT:
            return _coat(garment, body, rng)
        case _:
            return _bodice(garment, body, rng)


def crotch(lowest: float) -> Curve:
    """The lower edge of a seat between two legs: lowest in the middle, high at the sides."""

    def edge(phi: Floats) -> Floats:
        return (lowest - 0.075 * np.abs(np.sin(phi)) ** 1.5).astype(np.float32)

    return edge


def folds(garment: Garment, rng: np.random.Generator, start: float, end: float) -> Folds:
    """Folds that hang from `start` and are deepest at `end`."""
    waves = tuple(
        Wave(count, float(rng.uniform(0, 2 * pi)), float(rng.normal(0, 1.5)), depth, start, end)
        for count, depth in (
            (garment.folds, garment.fold),
            (garment.folds // 2 + 1, 0.7 * garment.fold),
            (2 * garment.folds + 1, 0.25 * garment.fold),
        )
    )
    return Folds(
        waves, make_noise(rng), float(rng.uniform(0.0006, 0.003)), float(rng.uniform(0.02, 0.06))
    )


def _skirt(garment: Garment, body: Body, rng: np.random.Generator) -> Made:
    shape = _hung(garment, body, garment.waist)
    drape = folds(garment, rng, garment.waist, garment.hem)
    hem = _hem(garment, drape)
    piece = Piece(
        shape,
        level(garment.waist),
        hem,
        garment.fabric,
        drape,
        _depth(garment),
        bands=_bands(garment, garment.waist),
    )
    return Made(garment, _inside(garment, piece), (piece,), (), {})


def _bodice(garment: Garment, body: Body, rng: np.random.Generator) -> Made:
    strappy = garment.sleeve is Sleeve.STRAPS
    shape = _hung(garment, body, garment.waistline)
    if garment.sleeve in (Sleeve.NONE, Sleeve.STRAPS):
        width = 0.066 + 0.02 * (garment.neck_half - 0.036) / 0.03
        armpit = float(np.interp(0.256, shape.y, shape.a))
        shape = replace(shape, a=np.minimum(shape.a, armhole(shape.y, width, armpit)))
    drape = both(folds(garment, rng, garment.waistline, garment.hem), body.bosom)
    top = _bust_edge(garment) if strappy else level(_SHOULDER)
    neckline = None if strappy else _neckline(garment, shape)
    piece = Piece(
        shape,
        top,
        _hem(garment, drape),
        garment.fabric,
        drape,
        _depth(garment),
        neckline,
        bands=_bands(garment, garment.waistline) if garment.type is GarmentType.DRESS else (),
    )
    straps = tuple(_strap(garment, piece, side) for side in (-1, 1)) if strappy else ()
    return Made(garment, _inside(garment, piece), (piece,), straps, _sleeves(garment, body, rng))


def _coat(garment: Garment, body: Body, rng: np.random.Generator) -> Made:
    shape = _hung(garment, body, garment.waistline)
    drape = folds(garment, rng, garment.waistline, garment.hem)
    neckline = _neckline(garment, shape)
    if garment.gap == 0:
        piece = Piece(
            shape,
            level(_SHOULDER),
            _hem(garment, drape),
            garment.fabric,
            drape,
            _depth(garment),
            neckline,
            bands=_bands(garment, garment.waistline),
        )
        return Made(garment, (), (piece,), (), _sleeves(garment, body, rng))
    panels = tuple(
        Piece(
            shape,
            level(_SHOULDER),
            _hem(garment, drape),
            garment.fabric,
            drape,
            _depth(garment),
            span=span,
        )
        for span in ((-pi - 0.03, -garment.gap), (garment.gap, pi + 0.03))
    )
    return Made(garment, (), panels, (), _sleeves(garment, body, rng))


def _trousers(garment: Garment, body: Body, rng: np.random.Generator) -> tuple[Piece, ...]:
    y = np.linspace(garment.waist, 0.56, 80, dtype=np.float32)
    a, b = body.hull(y, garment.ease)
    torso = body.torso()
    seat = Tube(y, np.interp(y, torso.y, torso.x).astype(np.float32), np.zeros_like(y), a, b)
    drape = folds(replace(garment, fold=0.3 * garment.fold), rng, garment.waist, 0.56)

    pieces = [_trouser_leg(garment, body, side, rng) for side in (-1, 1)]
    top, bands = level(garment.waist), _bands(garment, garment.waist)
    pieces.append(
        Piece(
            seat, top, crotch(0.548), garment.fabric, drape, _depth(garment), bands=bands, fade=0.05
        )
    )
    return tuple(pieces)


def _trouser_leg(garment: Garment, body: Body, side: int, rng: np.random.Generator) -> Piece:
    """One leg, from half of the seat down to the hem."""
    leg, torso = body.leg(side), body.torso()
    start = garment.waist + 0.02
    y = np.linspace(start, garment.hem, 120, dtype=np.float32)
    room = garment.ease + np.clip((y - 0.5) / 0.45, 0, 1) * (0.006 + 0.35 * max(garment.flare, 0.0))
    seat_a, seat_b = body.hull(y, garment.ease)
    middle = np.interp(y, torso.y, torso.x)
    seat = 1 - smoothstep(y, 0.49, 0.6)
    x = np.interp(y, leg.y, leg.x)
    a, b = np.interp(y, leg.y, leg.a) + room, np.interp(y, leg.y, leg.b) + room
    # Half of the seat: not as deep, or seen from the side it would stand out over the whole.
    x = x + seat * (middle + side * seat_a / 2 - x)
    a, b = a + seat * (seat_a / 2 - a), b + seat * (0.72 * seat_b - b)
    drape = folds(replace(garment, fold=0.4 * garment.fold, folds=5), rng, 0.5, garment.hem)
    shape = Tube(y, x, np.zeros_like(y), a, b)
    return Piece(shape, level(start), level(garment.hem), garment.fabric, drape, _depth(garment))


def _sleeves(garment: Garment, body: Body, rng: np.random.Generator) -> dict[int, Piece]:
    ends = {Sleeve.CAP: 0.235, Sleeve.SHORT: 0.3, Sleeve.LONG: 0.47}
    if garment.sleeve not in ends:
        return {}
    sleeves = {}
    for side, pose in zip((-1, 1), body.arms, strict=True):
        arm = body.arm(side, pose)
        end = ends[garment.sleeve] + float(rng.uniform(-0.02, 0.02))
        end = min(end, float(arm.bottom) - 0.06)
        loose = np.full_like(
            arm.y, (1.0 if body.kind is FigureKind.PERSON else 0.85) + 30 * garment.ease
        )
        if garment.sleeve is Sleeve.LONG and body.kind is FigureKind.PERSON:
            loose += 0.35 * smoothstep(arm.y, 0.3, 0.46)
        shape = replace(arm, a=arm.a * loose, b=arm.b * loose)
        drape = folds(replace(garment, fold=0.0012, folds=4), rng, 0.2, end)
        sleeves[side] = Piece(
            shape, level(arm.top), level(end), garment.fabric, drape, _depth(garment)
        )
    return sleeves


def _hung(garment: Garment, body: Body, waist: float) -> Tube:
    """The tube of a garment that follows the body and from the waist on falls to its hem."""
    lowest = garment.hem + garment.dip + 0.01
    y = np.linspace(_SHOULDER - 0.02, lowest, 200, dtype=np.float32)
    if garment.type is GarmentType.SKIRT:
        y = np.linspace(waist - 0.01, lowest, 200, dtype=np.float32)
    a, b = body.hull(y, garment.ease)
    hip = float(body.hull(floats([0.478]), garment.ease)[0][0])
    below = np.clip((y - waist) / max(garment.hem - waist, 0.05), 0, 1.2)
    wide_a = np.interp(waist, y, a) + (hip + garment.flare - np.interp(waist, y, a)) * below**0.8
    wide_b = np.interp(waist, y, b) + (0.8 * hip + garment.flare - np.interp(waist, y, b)) * below
    if garment.flare > 0:
        a = np.where(y > waist, np.maximum(a, wide_a), a)
        b = np.where(y > waist, np.maximum(b, wide_b), b)
    else:
        a = a + garment.flare * smoothstep(y, 0.5, garment.hem)
    torso = body.torso()
    x = np.interp(y, torso.y, torso.x)
    return Tube(
        y, x.astype(np.float32), np.zeros_like(y), a.astype(np.float32), b.astype(np.float32)
    )


def _hem(garment: Garment, drape: Relief) -> Curve:
    def hem(phi: Floats) -> Floats:
        height = garment.hem + garment.dip * (1 - np.cos(phi)) / 2
        return (height + 0.8 * drape(phi, np.full_like(phi, garment.hem))).astype(np.float32)

    return hem


def _inside(garment: Garment, piece: Piece) -> tuple[Piece, ...]:
    """The far side of a garment whose hem is lower behind than in front."""
    if garment.dip == 0:
        return ()
    far = replace(
        piece,
        top=level(garment.hem - 0.08),
        neckline=None,
        fabric=garment.fabric.darker(garment.shade),
        part=Part.INSIDE,
        far=True,
    )
    return (far,)


def _neckline(garment: Garment, shape: Tube) -> Neckline:
    rising = shape.y < 0.2
    half = min(garment.neck_half, float(shape.a[rising].max()) - 0.012)
    y = float(np.interp(half, shape.a[rising], shape.y[rising]))
    return Neckline(
        max(y, _SHOULDER - 0.012), half, garment.neck_front, garment.neck_back, garment.neck_power
    )


def _bust_edge(garment: Garment) -> Curve:
    def edge(phi: Floats) -> Floats:
        front = 0.012 * np.cos(2 * phi) * garment.neck_power / 2 - 0.02 * np.abs(np.cos(phi))
        back = garment.neck_back * np.clip(-np.cos(phi), 0, 1)
        return (0.25 + np.where(np.cos(phi) > 0, front, 0.0) + back).astype(np.float32)

    return edge


def _strap(garment: Garment, piece: Piece, side: int) -> Strap:
    """A ribbon from the bust's edge over the shoulder down to the back's edge."""
    half = garment.neck_half + 0.008
    lines = []
    for angle in (0.5, pi - 0.5):
        y_end = float(piece.top(floats([side * angle]))[0]) + 0.006
        a, b = (
            float(np.interp(y_end, piece.tube.y, axis)) for axis in (piece.tube.a, piece.tube.b)
        )
        part = np.linspace(0, 1, 12, dtype=np.float32)
        x = side * (half + (a * np.sin(angle) - half) * part)
        y = 0.172 + (y_end - 0.172) * part
        z = np.cos(angle) * b * np.sin(part * pi / 2) * 1.05
        lines.append((x, y, z))
    return Strap(lines[0], lines[1], 0.004 + 0.1 * (garment.neck_half - 0.036))


def _bands(garment: Garment, waist: float) -> tuple[Band, ...]:
    if not garment.belt:
        return ()
    return (Band(waist, waist + 0.018, 0.75), Band(waist + 0.018, waist + 0.021, 0.55))


def _depth(garment: Garment) -> float:
    """What the folds and creases of a garment reach, body units."""
    return 2 * garment.fold + 0.005
