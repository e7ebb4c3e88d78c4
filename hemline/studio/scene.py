"""A scene: one drawn garment photo with its exact truth.

Garment is every piece of clothing the figure wears; body, hair, shoes, props and the backdrop are
not. A mannequin wears one garment or none, a person a whole outfit. The mesh of a lace belongs to
its garment, holes and all, as annotators mask it.
"""

from dataclasses import dataclass, replace
from math import radians

import numpy as np
from numpy.typing import NDArray

from hemline.studio.backdrop import Backdrop, BackdropKind, draw_backdrop, sample_backdrop
from hemline.studio.canvas import Part, PhotoCanvas
from hemline.studio.figure.body import Build, FigureKind, sample_body
from hemline.studio.figure.figure import Figure, draw_figure, sample_figure
from hemline.studio.figure.geometry import Camera
from hemline.studio.hard_cases import HardCase, make_hard, type_for
from hemline.studio.photo import Lens, sample_lens, take
from hemline.studio.props import draw_props, draw_shoulder_bag, draw_turntable
from hemline.studio.wardrobe.fabric import Light
from hemline.studio.wardrobe.prints import Pattern
from hemline.studio.wardrobe.tailor import make
from hemline.studio.wardrobe.wardrobe import Garment, GarmentType, sample_garment

VIEWS = ("Front", "FrontRight", "Back")
_YAW = {"Front": 0.0, "FrontRight": radians(42), "Back": radians(180)}


@dataclass(frozen=True)
class Scene:
    """A drawn photo.

    `image` is `(H, W, 3)` uint8 RGB; `alpha` `(H, W)` uint8, the garment's share of each pixel
    times 255; `parts` `(H, W)` uint8 what each pixel shows, a `Part`. An undressed scene has no
    `garment_type` and no `pattern`.
    """

    image: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    garment: str
    view: str
    garment_type: GarmentType | None
    kind: FigureKind
    pattern: Pattern | None
    backdrop: BackdropKind
    case: HardCase | None = None

    @property
    def mask(self) -> NDArray[np.uint8]:
        """Class ids `(H, W)` uint8: 1 where the garment takes at least half of the pixel."""
        return (self.alpha >= 128).astype(np.uint8)

    @property
    def front_mask(self) -> NDArray[np.uint8]:
        """The mask of somebody who follows the front of the garment: without its wrong side, where
        that is seen below a hem that is higher in front."""
        return np.where(self.parts == Part.INSIDE, 0, self.mask).astype(np.uint8)

    def shows(self, part: Part) -> NDArray[np.bool_]:
        """Where a pixel shows `part`, `(H, W)`; nowhere that is garment by `mask`, but for that."""
        garment = self.mask > 0
        return garment if part is Part.GARMENT else (self.parts == part) & ~garment


def draw_scene(
    seed: int,
    *,
    view: str = "Front",
    height: int = 768,
    width: int = 512,
    kind: FigureKind | None = None,
    garment_type: GarmentType | None = None,
    pattern: Pattern | None = None,
    dressed: bool = True,
    bag: bool = False,
    case: HardCase | None = None,
) -> Scene:
    """Draw the garment number `seed` from one side.

    The same seed gives the same garment, body and studio in each view, and the same photo each
    time. `kind`, `garment_type` and `pattern` fix what is otherwise drawn. Where it is not
    `dressed`, a bare mannequin stands in the garment's studio. With `bag` a person carries one.
    `case` has the garment changed to a hard one.

    Raises:
        ValueError: `view` is none of `VIEWS`, a side is under 16 px, a person is not dressed,
            somebody else than a person is to carry a bag, or the type has no such hard case.
    """
    if view not in _YAW:
        raise ValueError(f"unknown view '{view}'; choose from {', '.join(VIEWS)}")
    if min(height, width) < 16:
        raise ValueError(f"a scene of {width} x {height} px is too small; take 16 px or more")
    if not dressed and kind is FigureKind.PERSON:
        raise ValueError("only a mannequin can be undressed; leave the kind out")
    if bag and kind is not FigureKind.PERSON:
        raise ValueError("only a person carries a bag; set the kind to it")
    plan = _plan(seed, kind if dressed else FigureKind.MANNEQUIN, garment_type, pattern, case)
    if not dressed:
        plan = replace(plan, figure=replace(plan.figure, clothes=()))
    moment = np.random.default_rng([seed, 1 + VIEWS.index(view)])
    canvas = PhotoCanvas(draw_backdrop(plan.backdrop, height, width))
    camera = _camera(plan, view, height, width, moment)
    if plan.figure.body.kind is FigureKind.MANNEQUIN:
        draw_turntable(canvas, camera, plan.table)
    draw_props(canvas, camera, seed)
    draw_figure(canvas, camera, plan.light, plan.figure)
    if bag:
        draw_shoulder_bag(canvas, camera, seed)
    image, alpha = take(canvas.image, canvas.alpha, plan.lens, moment)
    return Scene(
        image=image,
        alpha=np.round(alpha * 255).astype(np.uint8),
        parts=canvas.parts,
        garment=f"g{seed:04d}",
        view=view,
        garment_type=plan.garment.type if dressed else None,
        kind=plan.figure.body.kind,
        pattern=plan.garment.fabric.print.pattern if dressed else None,
        backdrop=plan.backdrop.kind,
        case=case,
    )


def garment_type_of(seed: int) -> GarmentType:
    """The type of the garment number `seed`, without drawing it."""
    return _draw_kinds(np.random.default_rng([seed, 0]))[1]


@dataclass(frozen=True)
class _Plan:
    garment: Garment
    figure: Figure
    backdrop: Backdrop
    light: Light
    lens: Lens
    table: int
    size: float
    across: float


def _plan(
    seed: int,
    kind: FigureKind | None,
    garment_type: GarmentType | None,
    pattern: Pattern | None,
    case: HardCase | None,
) -> _Plan:
    """All that the views of a garment share."""
    rng = np.random.default_rng([seed, 0])
    drawn_kind, drawn_type = _draw_kinds(rng)
    kind = kind or drawn_kind
    garment_type = garment_type or (type_for(case, drawn_type) if case else drawn_type)
    body = sample_body(rng, kind)
    if body.build is Build.FORM and garment_type is GarmentType.TROUSERS:
        body = replace(body, build=Build.HEADLESS)  # trousers need legs
    garment = sample_garment(rng, garment_type, pattern)
    if case:
        garment = make_hard(garment, case, body.skin, np.random.default_rng([seed, 5]))
    outfit = [garment] if kind is FigureKind.MANNEQUIN else _outfit(rng, garment)
    clothes = tuple(make(part, body, rng) for part in outfit)
    figure = sample_figure(rng, body, clothes)
    backdrop = sample_backdrop(rng, _backdrop_kind(rng, kind))
    return _Plan(
        garment,
        figure,
        backdrop,
        _light(rng),
        sample_lens(rng),
        int(rng.integers(2**31)),
        float(rng.uniform(0.76, 0.96)),
        float(rng.normal(0.5, 0.025)),
    )


def _draw_kinds(rng: np.random.Generator) -> tuple[FigureKind, GarmentType]:
    kind = FigureKind.MANNEQUIN if rng.random() < 0.62 else FigureKind.PERSON
    return kind, list(GarmentType)[rng.choice(5, p=[0.2, 0.36, 0.14, 0.18, 0.12])]


def _outfit(rng: np.random.Generator, main: Garment) -> list[Garment]:
    """What a person wears together with `main`, the innermost first."""
    below = GarmentType.TROUSERS if rng.random() < 0.7 else GarmentType.SKIRT
    match main.type:
        case GarmentType.DRESS:
            return [main]
        case GarmentType.TOP:
            return [sample_garment(rng, below), main]
        case GarmentType.COAT:
            return [sample_garment(rng, below), sample_garment(rng, GarmentType.TOP), main]
        case _:
            return [sample_garment(rng, GarmentType.TOP), main]


def _backdrop_kind(rng: np.random.Generator, kind: FigureKind) -> BackdropKind:
    shares = (
        (0.5, 0.32, 0.1, 0.08, 0.0)
        if kind is FigureKind.MANNEQUIN
        else (0.12, 0.1, 0.2, 0.23, 0.35)
    )
    return list(BackdropKind)[rng.choice(5, p=shares)]


def _light(rng: np.random.Generator) -> Light:
    direction = np.array([rng.uniform(-0.65, 0.65), rng.uniform(-0.6, -0.2), 1.0])
    direction /= np.linalg.norm(direction)
    ambient = float(rng.uniform(0.42, 0.62))
    return Light(
        (float(direction[0]), float(direction[1]), float(direction[2])),
        ambient,
        float(rng.uniform(0.42, 0.56)),
        float(rng.uniform(0.15, 0.6)),
    )


def _camera(plan: _Plan, view: str, height: int, width: int, moment: np.random.Generator) -> Camera:
    scale = min(plan.size * height, 1.9 * width)
    yaw = _YAW[view] + float(moment.normal(0, 0.05))
    left = (plan.across + float(moment.normal(0, 0.006))) * width
    ground = 0.93 if plan.figure.body.kind is FigureKind.PERSON else 0.91
    return Camera(yaw, scale, left, ground * height - 0.97 * scale)
