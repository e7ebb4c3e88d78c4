"""What the starter takes for garment that is none: `make bench-starter CCP=folder`.

    python -m benchmarks.masks.bench_starter --ccp FOLDER [--model FILE] [--scenes N] [--photos N]

Of hair and skin on photos of Clothing Co-Parsing (the test part of `hemline train`'s split), and of
hair, skin, mannequins and props on scenes that `hemline.studio` draws from seeds of their own, the
share of all pixels that the mask takes in. Labels are coarse where hair lies on cloth, so each is
counted twice: all its pixels, and those more than 3 px from where it ends. On the street, photos
are 550 px wide; scenes are drawn 512 px wide. Writes its part of docs/results.md.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.photo_file import read_image
from hemline.datasets.readers.ccp import read_tags
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path
from hemline.studio.canvas import Part
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import VIEWS, Scene, draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType

BORDER_PX = 3
MANY = 0.05  # A photo of which more than this share is taken is one that a person sees at once.
_FIRST_SCENE = 5_000_000  # no seed that the starter or the risk model was trained on

Pixels = NDArray[np.bool_]
HALF_DRESSED = (GarmentType.TOP, GarmentType.SKIRT, GarmentType.TROUSERS)


@dataclass(frozen=True, slots=True)
class Area:
    """What is not garment on one photo: a row of the table, and its pixels, `(H, W)`."""

    row: str
    pixels: Pixels


@dataclass(slots=True)
class Count:
    """Pixels taken and all pixels, everywhere and away from the border, and photos."""

    taken: int = 0
    all: int = 0
    inner_taken: int = 0
    inner: int = 0
    photos: int = 0
    spoilt: int = 0

    def add(self, mask: Pixels, area: Pixels) -> None:
        """Count one photo: what its `mask` takes of the `area`, each `(H, W)`."""
        if not area.any():
            return
        within = away_from_border(area)
        taken, size = _count(mask & area), _count(area)
        self.taken, self.all = self.taken + taken, self.all + size
        self.inner_taken += _count(mask & within)
        self.inner += _count(within)
        self.photos += 1
        self.spoilt += taken > MANY * size


def main() -> None:
    """Measure what was asked for, print it, and write it down."""
    options = _options()
    model = options.model or starter_path()
    predictor = Predictor(model, device="cpu")
    counts: dict[str, Count] = {}
    for image, areas in _photos(options):
        mask = predictor.predict([image])[0].mask > 0
        for area in areas:
            counts.setdefault(area.row, Count()).add(mask, area.pixels)
    text = report(counts, file_digest(model)[:12])
    print(text)
    if options.out:
        write_part(options.out, "bench-starter", text)


def away_from_border(area: Pixels) -> Pixels:
    """The pixels of an area `(H, W)` more than 3 px from where it ends within the photo."""
    framed = np.pad(area.astype(np.uint8), 1, mode="edge")
    away = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return np.asarray(away > BORDER_PX)


def areas_of(scene: Scene) -> list[Area]:
    """What a scene shows that is not garment; shoes, which some data sets count, left out."""
    behind = "from behind" if scene.view == "Back" else "from the front or the side"
    found = [Area("scenes: stands and props", scene.shows(Part.PROP))]
    skin = scene.shows(Part.SKIN)
    if scene.kind is FigureKind.PERSON:
        found.append(Area("scenes: skin of people", skin))
        found.append(Area(f"scenes: hair {behind}", scene.shows(Part.HAIR)))
    elif scene.garment_type is None:
        found.append(Area("scenes: mannequins with nothing on", skin))
    elif scene.garment_type in HALF_DRESSED:
        found.append(Area("scenes: mannequins with a top or a skirt or trousers on", skin))
    else:
        found.append(Area("scenes: mannequins with a dress or a coat on", skin))
    return found


def report(counts: dict[str, Count], digest: str) -> str:
    """The part of the page on results."""
    lines = [
        "## What is taken for garment and is none",
        "",
        "    make bench-starter CCP=DIR",
        "",
        f"Starter {digest}, on photos and scenes that it did not learn from. Shares are of all",
        "pixels of a kind; the border is within 3 px of where the hair or the skin ends, where",
        "Co-Parsing's labels, made of superpixels, are coarse.",
        "",
        "| | photos | taken | taken, without the border | photos with more than 5 % taken |",
        "|---|--:|--:|--:|--:|",
    ]
    for row, count in sorted(counts.items()):
        lines.append(
            f"| {row} | {count.photos} | {_percent(count.taken, count.all)} "
            f"| {_percent(count.inner_taken, count.inner)} | {count.spoilt} |"
        )
    return "\n".join(lines)


def _count(pixels: Pixels) -> int:
    return int(np.count_nonzero(pixels))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "–"


def _photos(options: argparse.Namespace) -> Iterator[tuple[NDArray[np.uint8], list[Area]]]:
    if options.ccp:
        yield from _street_photos(options.ccp, options.photos)
    for number in range(options.scenes):
        seed, view = _FIRST_SCENE + number, VIEWS[number % len(VIEWS)]
        kind = FigureKind.PERSON if number // len(VIEWS) % 2 else FigureKind.MANNEQUIN
        scene = draw_scene(seed, view=view, kind=kind)
        yield scene.image, areas_of(scene)
        if number % 4 == 0:
            bare = draw_scene(seed, view=view, dressed=False)
            yield bare.image, areas_of(bare)
        if (number + 1) % 30 == 0:
            _tell(f"{number + 1} of {options.scenes} scenes")


def _street_photos(
    folder: Path, photos: int | None
) -> Iterator[tuple[NDArray[np.uint8], list[Area]]]:
    tags = read_tags(folder)
    _, test = split_by_garment(list(open_data(f"ccp:{folder}").samples), (0.1, 0.15))
    for number, sample in enumerate(test[:photos]):
        image = read_image(folder / "photos" / f"{sample.id}.jpg")
        stored = loadmat(str(folder / "annotations" / "pixel-level" / f"{sample.id}.mat"))
        ids = np.asarray(stored["groundtruth"])
        yield image, [Area(f"Co-Parsing: {tag}", ids == tags.index(tag)) for tag in _STREET]
        if (number + 1) % 30 == 0:
            _tell(f"{number + 1} photos of Co-Parsing")


_STREET = ("hair", "skin")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", type=Path, help="folder of Clothing Co-Parsing")
    parser.add_argument("--model", type=Path, help="another model than the starter")
    parser.add_argument("--scenes", type=int, default=180, help="scenes; a quarter more are bare")
    parser.add_argument("--photos", type=int, help="at most so many photos of Co-Parsing")
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
