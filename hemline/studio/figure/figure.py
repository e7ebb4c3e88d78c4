"""The figure: body and clothes laid on the canvas from the back to the front."""

from dataclasses import dataclass, replace
from math import cos, pi, sin

import numpy as np

from hemline.studio.canvas import Part, PhotoCanvas
from hemline.studio.colours import Colour, scaled
from hemline.studio.figure.body import Body, Build, FigureKind
from hemline.studio.figure.geometry import Camera, Tube, floats, level, tube
from hemline.studio.figure.hair import (
    Hair,
    hair_around_head,
    hair_behind_head,
    sample_hair,
    tied_hair,
)
from hemline.studio.props import draw_pole
from hemline.studio.wardrobe.fabric import Fabric, Light, flat, smooth_fabric
from hemline.studio.wardrobe.piece import Piece, draw_piece, outline_of
from hemline.studio.wardrobe.prints import Pattern, make_print
from hemline.studio.wardrobe.tailor import Made, Strap, crotch
from hemline.studio.wardrobe.trims import collar, lapels
from hemline.studio.wardrobe.wardrobe import GarmentType

_SHOES: tuple[Colour, ...] = ((28, 22, 20), (52, 36, 28), (86, 58, 40), (134, 98, 62),
                             (196, 162, 110), (120, 60, 36), (150, 148, 146))  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A body, its skin and hair, and what it wears, the innermost first."""

    body: Body
    skin: Fabric
    hair: Hair | None
    shoes: Colour
    clothes: tuple[Made, ...]


def sample_figure(rng: np.random.Generator, body: Body, clothes: tuple[Made, ...]) -> Figure:
    """The figure's skin, hair and shoes, drawn from `rng`."""
    plain = make_print(rng, Pattern.PLAIN, (body.skin, body.skin, body.skin))
    shine = 0.1 if body.kind is FigureKind.MANNEQUIN else 0.04
    hair = sample_hair(rng) if body.kind is FigureKind.PERSON else None
    shoes = _SHOES[rng.integers(len(_SHOES))] if rng.random() < 0.6 else (235.0, 233.0, 228.0)
    return Figure(body, smooth_fabric(rng, plain, shine=shine), hair, shoes, clothes)


def draw_figure(canvas: PhotoCanvas, camera: Camera, light: Light, figure: Figure) -> None:
    """Lay the figure on the canvas, what is further away first."""
    easel = _Easel(canvas, camera, light, figure)
    near = -1 if sin(camera.yaw) > 0 else 1
    arms_behind = [side for side in (-near, near) if easel.is_behind(side)]
    easel.ground_shadow()
    easel.hair_behind()
    for side in arms_behind:
        easel.arm(side)
    for made in figure.clothes:
        for piece in made.inside:
            draw_piece(canvas, camera, light, piece)
    easel.support(near)
    easel.torso()
    easel.head()
    for made in figure.clothes:
        easel.clothes(made)
    for side in (-near, near):
        if side not in arms_behind:
            easel.arm(side)
    easel.hair()


@dataclass(frozen=True)
class _Easel:
    canvas: PhotoCanvas
    camera: Camera
    light: Light
    figure: Figure

    def draw(self, piece: Piece) -> None:
        draw_piece(self.canvas, self.camera, self.light, piece)

    def flesh(self, shape: Tube, *, bosom: bool = False) -> Piece:
        body = self.figure.body
        return Piece(
            shape,
            level(shape.top),
            level(shape.bottom),
            self.figure.skin,
            body.bosom if bosom else flat,
            2 * body.chest if bosom else 0.0,
            part=Part.SKIN,
        )

    def is_behind(self, side: int) -> bool:
        """Whether the body hides an arm's hand, or the turn of the body its shoulder."""
        body, yaw = self.figure.body, self.camera.yaw
        limb = body.arm(side, body.arms[0 if side < 0 else 1])
        shoulder = -side * float(body.torso().a.max()) * sin(yaw)
        hand = float(limb.z[-1]) * cos(yaw) - float(limb.x[-1]) * sin(yaw)
        return shoulder < -0.03 or hand < -0.055

    def ground_shadow(self) -> None:
        turn = np.linspace(0, 2 * pi, 30, dtype=np.float32)
        spot = self.camera.pixels(0.16 * np.cos(turn) + 0.02, 0.975 + 0.022 * np.sin(turn))
        blur = 0.02 * self.camera.scale
        self.canvas.shade([spot], (0.0, 0.0), blur, 0.4, on_figure=False)

    def support(self, near: int) -> None:
        """What the torso stands on: legs, the far one first, or a dress form's pole."""
        if self.figure.body.build is Build.FORM:
            draw_pole(self.canvas, self.camera, float(self.figure.body.torso().x[-1]))
            return
        for side in (-near, near):
            self.leg(side)

    def leg(self, side: int) -> None:
        self.draw(self.flesh(self.figure.body.leg(side)))
        if self.figure.body.kind is FigureKind.PERSON:
            self.shoe(side)

    def shoe(self, side: int) -> None:
        leg = self.figure.body.leg(side)
        x = float(leg.x[-1])
        toe = 0.055
        rows = [(0.945, x, 0.0, 0.018, 0.024), (0.965, x, 0.012, 0.022, 0.045),
                (0.98, x, toe * 0.6, 0.027, 0.06), (0.992, x, toe * 0.6, 0.026, 0.06)]  # fmt: skip
        colour = self.figure.shoes
        leather = replace(
            self.figure.skin,
            print=replace(self.figure.skin.print, colours=(colour, colour, colour)),
        )
        shape = tube(rows)
        self.draw(Piece(shape, level(shape.top), level(shape.bottom), leather, part=Part.SHOES))

    def torso(self) -> None:
        shape = self.figure.body.torso()
        flesh = self.flesh(shape, bosom=True)
        if self.figure.body.build is not Build.FORM:
            flesh = replace(flesh, bottom=crotch(shape.bottom), fade=0.03)
        self.draw(flesh)

    def head(self) -> None:
        if self.figure.body.build is not Build.WHOLE:
            self.neck_cap()
            return
        head = self.figure.body.head()
        outline = outline_of(self.flesh(head), self.camera)
        shift = (0.004 * self.camera.scale, 0.022 * self.camera.scale)
        self.canvas.shade([outline], shift, 0.008 * self.camera.scale, 0.35, on_figure=True)
        self.draw(self.flesh(head))
        if self.figure.body.kind is FigureKind.PERSON:
            self.face(head)

    def face(self, head: Tube) -> None:
        dark = scaled(self.figure.body.skin, 0.35)
        lips = (
            0.78 * self.figure.body.skin[0],
            0.5 * self.figure.body.skin[1],
            0.5 * self.figure.body.skin[2],
        )
        for side in (-1, 1):
            self.spot(head, side * 0.4, 0.066, 0.008, 0.0032, (36, 28, 26))
            self.spot(head, side * 0.42, 0.055, 0.011, 0.0022, dark)
            self.spot(head, side * 0.1, 0.0885, 0.003, 0.0016, dark)
        self.spot(head, 0.0, 0.103, 0.011, 0.0034, lips)

    def spot(
        self,
        shape: Tube,
        phi: float,
        y: float,
        wide: float,
        high: float,
        colour: Colour,
        part: Part = Part.SKIN,
    ) -> None:
        """A small ellipse on a tube at angle `phi`, if that side is seen."""
        seen = shape.seen(self.camera, floats([y]))
        psi = phi + float(seen.turn[0])
        facing = cos(psi)
        if facing < 0.15:
            return
        turn = np.linspace(0, 2 * pi, 20, dtype=np.float32)
        centre = float(seen.centre[0]) + float(seen.half[0]) * sin(psi)
        outline = self.camera.pixels(centre + wide * facing * np.cos(turn), y + high * np.sin(turn))
        self.canvas.paint([outline], colour, part)

    def neck_cap(self) -> None:
        """The flat lid on a mannequin's neck."""
        neck = self.figure.body.torso()
        turn = np.linspace(0, 2 * pi, 40, dtype=np.float32)
        lid = self.camera.project(
            0.033 * np.sin(turn), np.full_like(turn, neck.top), 0.034 * np.cos(turn)
        )
        self.canvas.paint([lid], scaled(self.figure.body.skin, 1.04))

    def clothes(self, made: Made) -> None:
        outlines = [outline_of(piece, self.camera) for piece in made.pieces]
        outlines = [outline for outline in outlines if len(outline)]
        scale = self.camera.scale
        self.canvas.shade(
            outlines, (0.003 * scale, 0.012 * scale), 0.008 * scale, 0.42, on_figure=True
        )
        pieces = made.pieces
        if made.garment.type is GarmentType.TROUSERS and sin(self.camera.yaw) < 0:
            pieces = (pieces[1], pieces[0], *pieces[2:])
        for piece in pieces:
            self.draw(piece)
        for strap in made.straps:
            self.strap(made, strap)
        if made.garment.collar and not made.straps:
            self.collar(made)
        if made.garment.buttons:
            self.buttons(made)

    def collar(self, made: Made) -> None:
        front = made.pieces[0]
        if front.neckline is not None:
            leaves = collar(front, front.neckline, self.camera)
        else:
            leaves = [leaf for piece in made.pieces for leaf in lapels(piece, self.camera)]
        scale = self.camera.scale
        colour = scaled(made.garment.fabric.print.colours[0], 0.92)
        self.canvas.shade(leaves, (0.0, 0.005 * scale), 0.003 * scale, 0.4, on_figure=True)
        for leaf in leaves:
            self.canvas.paint([leaf], colour, Part.GARMENT)

    def strap(self, made: Made, strap: Strap) -> None:
        x, y, z = strap.back if self.camera.behind else strap.front
        wide = strap.width / 2
        outer = self.camera.project(x + wide, y, z)
        inner = self.camera.project(x - wide, y, z)
        colour = made.garment.fabric.print.colours[0]
        outline = np.concatenate([outer, inner[::-1]])
        self.canvas.paint([outline], scaled(colour, 0.9), Part.GARMENT)

    def buttons(self, made: Made) -> None:
        piece = made.pieces[-1]
        for y in np.arange(0.27, min(made.garment.hem - 0.03, 0.56), 0.05):
            self.spot(
                piece.tube,
                made.garment.gap,
                float(y),
                0.004,
                0.004,
                made.garment.trim,
                Part.GARMENT,
            )

    def arm(self, side: int) -> None:
        body = self.figure.body
        index = 0 if side < 0 else 1
        if body.build is Build.WHOLE:
            limb = body.arm(side, body.arms[index])
            outline = outline_of(self.flesh(limb), self.camera)
            self.canvas.shade(
                [outline],
                (0.004 * self.camera.scale, 0.006 * self.camera.scale),
                0.006 * self.camera.scale,
                0.3,
                on_figure=True,
            )
            self.draw(self.flesh(limb))
        for made in self.figure.clothes:
            if side in made.sleeves:
                self.draw(made.sleeves[side])

    def hair_behind(self) -> None:
        hair = self.figure.hair
        if hair is None or self.camera.behind:
            return
        tied = tied_hair(hair, self._crown())
        if tied is not None:
            self.draw(tied)
        self.draw(hair_behind_head(hair, self._crown()))

    def hair(self) -> None:
        hair = self.figure.hair
        if hair is None:
            return
        self.draw(hair_around_head(hair, self._crown()))
        tied = tied_hair(hair, self._crown())
        if tied is not None and self.camera.behind:
            self.draw(tied)

    def _crown(self) -> float:
        return float(self.figure.body.head().x[0])
