"""Bodies: the proportions of a mannequin or a person, and their parts as tubes."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from hemline.studio.colours import Colour, colour
from hemline.studio.figure.geometry import Floats, Tube, floats, smoothstep, tube


class FigureKind(StrEnum):
    """Who wears the garment."""

    MANNEQUIN = "mannequin"
    PERSON = "person"


class Build(StrEnum):
    """What there is of a body: all of it, no head and arms, or a dress form's torso on a pole."""

    WHOLE = "whole"
    HEADLESS = "headless"
    FORM = "form"


class ArmPose(StrEnum):
    """Where an arm goes."""

    HANGING = "hanging"
    AKIMBO = "akimbo"
    BEHIND = "behind"
    CLASPED = "clasped"


# Elbow and wrist as (x outwards, y, z) of each pose.
_ARMS = {
    ArmPose.HANGING: ((0.133, 0.36, -0.012), (0.142, 0.488, 0.02)),
    ArmPose.AKIMBO: ((0.195, 0.35, -0.02), (0.108, 0.425, 0.045)),
    ArmPose.BEHIND: ((0.15, 0.355, -0.04), (0.06, 0.46, -0.085)),
    ArmPose.CLASPED: ((0.142, 0.355, 0.0), (0.045, 0.455, 0.095)),
}


@dataclass(frozen=True)
class Body:
    """Proportions: factors on the girth of each part, and the pose.

    `shoulders`, `bust`, `waist`, `hips`, `legs` are factors around 1; `chest` is how far the bust
    stands out, body units; `stance` half the distance of the feet; `arms` the poses of the
    wearer's right and left arm (where there are none the poses shape empty sleeves).
    """

    kind: FigureKind
    build: Build
    shoulders: float
    bust: float
    waist: float
    hips: float
    legs: float
    chest: float
    stance: float
    lean: float
    arms: tuple[ArmPose, ArmPose]
    skin: Colour

    def torso(self) -> Tube:
        """From the top of the neck to the crotch."""
        s, b, w, h = self.shoulders, self.bust, self.waist, self.hips
        broad, neck = (0.107, 1.0) if self.kind is FigureKind.MANNEQUIN else (0.1, 0.86)
        rows = [
            (0.128, -0.006, 0.031 * neck, 0.032 * neck),
            (0.152, -0.006, 0.033 * neck, 0.035 * neck),
            (0.166, -0.004, 0.05 * s, 0.042), (0.18, -0.003, 0.082 * s, 0.05),
            (0.198, 0.0, broad * s, 0.056), (0.245, 0.0, 0.097 * (s + b) / 2, 0.062 * b),
            (0.275, 0.0, 0.09 * b, 0.063 * b), (0.31, 0.0, 0.081 * b, 0.059 * b),
            (0.375, 0.0, 0.069 * w, 0.052 * w), (0.43, 0.0, 0.086 * (w + h) / 2, 0.064 * h),
            (0.475, -0.004, 0.096 * h, 0.072 * h), (0.53, -0.004, 0.094 * h, 0.07 * h),
        ]  # fmt: skip
        return tube([(y, self._sway(y), z, a, d) for y, z, a, d in rows])

    def leg(self, side: int) -> Tube:
        """One leg from inside the hip to the ankle; side -1 is the wearer's right."""
        g = self.legs
        hip = 0.047 * self.hips
        rows = [
            (0.46, hip, 0.046 * self.hips, 0.06),
            (0.53, hip * 1.02, 0.046 * self.hips, 0.056 * g),
            (0.62, hip * 0.95, 0.038 * g, 0.045 * g),
            (0.715, 0.0, 0.0265 * g, 0.031 * g),
            (0.745, 0.0, 0.0255 * g, 0.03 * g),
            (0.79, 0.0, 0.0285 * g, 0.035 * g),
            (0.88, 0.0, 0.0185 * g, 0.022 * g),
            (0.93, 0.0, 0.0145, 0.018),
            (0.968, 0.0, 0.0165, 0.03),
        ]  # fmt: skip
        spread = self.stance
        points = []
        for y, x, a, b in rows:
            down = (y - 0.53) / 0.44
            straight = hip + (spread - hip) * max(down, 0.0)
            points.append((y, side * (x if x else straight) + self._sway(y), -0.004, a, b))
        return tube(points)

    def arm(self, side: int, pose: ArmPose) -> Tube:
        """One arm with its hand, from the shoulder down; side -1 is the wearer's right."""
        elbow, wrist = _ARMS[pose]
        out = 0.101 * self.shoulders
        slender = 0.92 + 0.5 * (self.legs - 1)
        drop = (floats(wrist) - floats(elbow)) / max(wrist[1] - elbow[1], 1e-3)
        hand = drop * floats([0.3, 1.0, 0.3])
        knuckles, fingers, tips = (
            (floats(wrist) + hand * step).tolist() for step in (0.018, 0.04, 0.062)
        )
        rows = [
            (0.184, out - 0.017, 0.0, 0.003),
            (0.19, out - 0.008, 0.0, 0.0135),
            (0.203, out - 0.001, 0.0, 0.0215),
            (0.222, out + 0.004, 0.0, 0.0265),
            (0.27, *_between((out, 0.2, 0.0), elbow, 0.27), 0.026),
            (elbow[1], elbow[0], elbow[2], 0.0205),
            (elbow[1] + 0.03, *_between(elbow, wrist, elbow[1] + 0.03), 0.0215),
            (wrist[1], wrist[0], wrist[2], 0.0135),
            (knuckles[1], knuckles[0], knuckles[2], 0.017),
            (fingers[1], fingers[0], fingers[2], 0.016),
            (tips[1], tips[0], tips[2], 0.005),
        ]  # fmt: skip
        points = [(y, side * x + self._sway(y), z, r * slender, r * slender) for y, x, z, r in rows]
        return _slanted(tube(points))

    def head(self) -> Tube:
        """From the crown to the chin."""
        rows = [(0.0, 0.004, 0.004), (0.008, 0.02, 0.026), (0.03, 0.036, 0.046),
                (0.062, 0.042, 0.052), (0.09, 0.039, 0.048), (0.112, 0.029, 0.04),
                (0.126, 0.017, 0.03), (0.133, 0.006, 0.012)]  # fmt: skip
        return tube([(y, self._sway(y) * 1.0, 0.008, a, b) for y, a, b in rows])

    def bosom(self, phi: Floats, v: Floats) -> Floats:
        """Relief of the chest, body units."""
        rise = np.zeros(np.broadcast(phi, v).shape, dtype=np.float32)
        for side in (-1.0, 1.0):
            across = (np.mod(phi - side * 0.62 + np.pi, 2 * np.pi) - np.pi) / 0.46
            down = v - 0.278
            rise += np.exp(
                -(across**2) - np.where(down > 0, (down / 0.021) ** 2, (down / 0.045) ** 2)
            )
        return (self.chest * rise).astype(np.float32)

    def _sway(self, y: float) -> float:
        """Shift of the body's axis sideways: the weight on one leg."""
        return self.lean * float(np.sin(np.pi * min(y, 1.0)) - 0.35)

    def hull(self, y: Floats, ease: float) -> tuple[Floats, Floats]:
        """Semi-axes of a garment that follows the body down to the hip and hangs from there."""
        torso = self.torso()
        held = np.minimum(y, 0.478)
        return (np.interp(held, torso.y, torso.a) + ease).astype(np.float32), (
            np.interp(held, torso.y, torso.b) + ease
        ).astype(np.float32)


def sample_body(rng: np.random.Generator, kind: FigureKind) -> Body:
    """A body drawn from `rng`."""
    if kind is FigureKind.MANNEQUIN:
        skin = [(222, 186, 158), (232, 203, 178), (226, 214, 190), (240, 228, 210),
                (158, 158, 162), (238, 238, 236), (52, 50, 50), (206, 168, 140),
                (196, 158, 116), (206, 196, 180), (118, 84, 62)][
            rng.choice(11, p=[0.22, 0.16, 0.11, 0.1, 0.09, 0.08, 0.05, 0.05, 0.05, 0.05, 0.04])
        ]  # fmt: skip
        spread = 0.05
    else:
        skin = [(238, 205, 182), (226, 186, 158), (205, 160, 128), (172, 124, 94), (128, 88, 64),
                (92, 62, 46)][rng.choice(6, p=[0.24, 0.26, 0.2, 0.12, 0.1, 0.08])]  # fmt: skip
        spread = 0.09
    male = kind is FigureKind.PERSON and rng.random() < 0.3
    poses = list(ArmPose)
    weights = [0.6, 0.18, 0.1, 0.12] if kind is FigureKind.PERSON else [1.0, 0.0, 0.0, 0.0]
    arms = tuple(poses[rng.choice(4, p=weights)] for _ in range(2))
    vary = rng.normal(0, spread, 5)
    tint = 1 + rng.normal(0, 0.02, 3)
    return Body(
        kind=kind,
        build=_build(rng, kind),
        shoulders=1.0 + 0.6 * vary[0] + (0.12 if male else 0.0),
        bust=1.0 + vary[1] + (0.06 if male else 0.0),
        waist=1.02 + vary[1] + (0.16 if male else 0.0),
        hips=1.0 + 0.8 * vary[2] + 0.4 * vary[1] - (0.07 if male else 0.0),
        legs=1.0 + vary[3],
        chest=0.003 if male else float(rng.uniform(0.012, 0.022)),
        stance=float(rng.uniform(0.04, 0.058 if kind is FigureKind.MANNEQUIN else 0.085)),
        lean=0.0 if kind is FigureKind.MANNEQUIN else float(rng.normal(0, 0.008)),
        arms=(arms[0], arms[1]),
        skin=colour(floats(skin) * tint),
    )


def _build(rng: np.random.Generator, kind: FigureKind) -> Build:
    if kind is FigureKind.PERSON:
        return Build.WHOLE
    return list(Build)[rng.choice(3, p=[0.25, 0.6, 0.15])]


def _between(
    start: tuple[float, float, float], end: tuple[float, float, float], y: float
) -> tuple[float, float]:
    part = (y - start[1]) / (end[1] - start[1])
    return start[0] + part * (end[0] - start[0]), start[2] + part * (end[2] - start[2])


def _slanted(straight: Tube) -> Tube:
    """The tube with its horizontal sections widened where its axis is slanted.

    Not at the shoulder: its rounding is in the rows already.
    """
    below = smoothstep(straight.y, 0.2, 0.24)
    wider = [
        1 + below * (np.minimum(np.hypot(1, np.gradient(axis, straight.y)), 1.8) - 1)
        for axis in (straight.x, straight.z)
    ]
    return replace(straight, a=straight.a * wider[0], b=straight.b * wider[1])


def armhole(y: Floats, width: float, armpit: float) -> Floats:
    """Half-width of a sleeveless garment between shoulder and armpit, body units."""
    return (width + (armpit - width) * smoothstep(y, 0.205, 0.256)).astype(np.float32)
