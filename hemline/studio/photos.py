"""A folder of drawn photos with their truth, as a studio would hand it over."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.files import write_atomically
from hemline.masks.figures.overlap import dice
from hemline.studio.faults import FaultKind, FaultyScene, plant_fault
from hemline.studio.figure.body import FigureKind
from hemline.studio.hard_cases import HardCase
from hemline.studio.scene import VIEWS, Scene, draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType

MANIFEST = "manifest.json"
BACK_LEFT_OUT = "back_left_out"  # the label follows the front of a hem that is lower behind
_SEEDS_APART = 1_000_003  # Folders of different seeds share no garment.


class _Outfit(TypedDict, total=False):
    kind: FigureKind
    garment_type: GarmentType
    bag: bool
    case: HardCase


@dataclass(frozen=True, slots=True)
class DrawnPhoto:
    """One entry of the manifest; `fault`, `severity` and `dice` are those of its label."""

    name: str
    garment: str
    view: str
    garment_type: str
    kind: str
    pattern: str
    backdrop: str
    case: str
    fault: str | None
    severity: float
    dice: float


def write_photos(
    folder: Path,
    garments: int,
    *,
    seed: int = 0,
    height: int = 768,
    width: int = 512,
    faults: float = 0.0,
    outfits: Sequence[GarmentType] = (),
    cases: Sequence[HardCase] = (),
) -> Iterator[DrawnPhoto]:
    """Draw `garments` garments in three views each into `folder`; yields each photo as it is done.

    Photos are `images/g0001_Front.jpg`, masks of the same stem `masks/g0001_Front.png` (0/255) as
    a data set would hold them, and the right masks in `truth/`. A share `faults` 0..1 of the
    photos has a fault, of all kinds in turn. `manifest.json` comes last and names them.
    With `outfits` the garments are of these types in turn, all worn by people with what goes with
    them, and half of the people carry a bag. With `cases` they are of these hard cases in turn, all
    worn by mannequins; where a back shows below the front, the fault of a label is that it leaves
    the back out.

    Raises:
        ValueError: a number is out of range, or there are both outfits and cases.
    """
    if garments < 1 or not 0 <= faults <= 1:
        raise ValueError(f"cannot draw {garments} garments with a share of {faults} faults")
    if outfits and cases:
        raise ValueError("people's outfits have no hard cases; ask for one of the two")
    photos: list[DrawnPhoto] = []
    chance = np.random.default_rng([seed, 7])
    kinds = _kinds(chance)
    for number in range(1, garments + 1):
        for view in VIEWS:
            scene = draw_scene(
                seed * _SEEDS_APART + number,
                view=view,
                height=height,
                width=width,
                **_worn(number - 1, outfits, cases),
            )
            fault = None
            if chance.random() < faults:
                fault = plant_fault(scene, next(kinds), int(chance.integers(2**31)))
            photos.append(_write(folder, f"g{number:04d}", scene, fault))
            yield photos[-1]
    entries = [{key: getattr(photo, key) for key in DrawnPhoto.__slots__} for photo in photos]
    text = json.dumps({"seed": seed, "height": height, "width": width, "photos": entries}, indent=1)
    write_atomically(folder / MANIFEST, text.encode())


def _worn(number: int, types: Sequence[GarmentType], cases: Sequence[HardCase]) -> _Outfit:
    if cases:
        return {"kind": FigureKind.MANNEQUIN, "case": cases[number % len(cases)]}
    if not types:
        return {}
    turn, place = divmod(number, len(types))
    return {"kind": FigureKind.PERSON, "garment_type": types[place], "bag": turn % 2 == 0}


def _kinds(chance: np.random.Generator) -> Iterator[FaultKind]:
    """All kinds in a random order, again and again, so that each comes equally often."""
    kinds = list(FaultKind)
    while True:
        for index in chance.permutation(len(kinds)):
            yield kinds[index]


def _write(folder: Path, garment: str, scene: Scene, fault: FaultyScene | None) -> DrawnPhoto:
    stem = f"{garment}_{scene.view}"
    image, mask = (fault.image, fault.mask) if fault else (scene.image, scene.mask)
    kind, severity = (str(fault.kind), fault.severity) if fault else (None, 0.0)
    if fault and scene.case is HardCase.DIPPED_HEM and (scene.mask != scene.front_mask).any():
        image, mask, kind, severity = scene.image, scene.front_mask, BACK_LEFT_OUT, 1.0
    jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])[1]
    write_atomically(folder / "images" / f"{stem}.jpg", jpeg.tobytes())
    write_atomically(folder / "masks" / f"{stem}.png", _png(mask))
    write_atomically(folder / "truth" / f"{stem}.png", _png(scene.mask))
    return DrawnPhoto(
        name=f"{stem}.jpg",
        garment=garment,
        view=scene.view,
        garment_type=scene.garment_type or "",
        kind=scene.kind,
        pattern=scene.pattern or "",
        backdrop=scene.backdrop,
        case=scene.case or "",
        fault=kind,
        severity=severity,
        dice=dice(mask > 0, scene.mask > 0),
    )


def _png(mask: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", mask * np.uint8(255))[1].tobytes()
