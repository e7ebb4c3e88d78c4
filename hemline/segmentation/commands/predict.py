"""`hemline predict`: the masks of photos as files."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hemline import terminal
from hemline.errors import DatasetError, HemlineError
from hemline.segmentation.commands.options import Device, Model

if TYPE_CHECKING:
    from hemline.segmentation.commands.mask_folders import MaskFolder

_BY_DOUBT = ("soft", "sheer")  # edges that are sought where the network cannot say


def predict_command(
    photos: Annotated[list[Path], typer.Argument(help="Photos.")],
    out: Annotated[Path, typer.Option(help="Folder for the masks, named after the photos.")],
    model: Model = None,
    cutout: Annotated[bool, typer.Option("--cutout", help="Write RGBA cut-outs.")] = False,
    edge: Annotated[
        Literal["hard", "softened", "soft", "sheer"],
        typer.Option(
            help="Edge of cut-outs: the mask; running out over a pixel or two; found by matting, "
            "for fur and loose threads; and with the holes of mesh and lace open."
        ),
    ] = "hard",
    pairs: Annotated[
        bool,
        typer.Option(
            "--pairs",
            help="Write OUT/images and OUT/masks, to train on with --data or --extra pairs:OUT.",
        ),
    ] = False,
    least_score: Annotated[
        float,
        typer.Option(min=0, max=1, help="Leave out masks with a lower expected Dice."),
    ] = 0.0,
    device: Device = "auto",
) -> None:
    """Write the masks of photos as PNG: 0 background, 255 garment (class ids for many labels)."""
    from hemline.datasets.photo_file import read_image
    from hemline.segmentation.commands.model_choice import find_model
    from hemline.segmentation.predictor import Predictor

    if pairs and cutout:
        raise DatasetError("--pairs writes masks and --cutout writes cut-outs; give one of them")
    if edge != "hard" and not cutout:
        raise DatasetError(f"--edge {edge} applies only to cut-outs; add --cutout")
    photos = list(dict.fromkeys(photos))
    _check_stems(photos)
    _check_overwritten(photos, out / "masks" if pairs else out)
    predictor = Predictor(find_model(model), device=device)
    folder = _folder(out, predictor.labels, pairs=pairs, edge=edge if cutout else None)
    failed = 0
    unsure: list[float] = []
    for photo in terminal.tracked(photos, "predicting"):
        try:
            image = read_image(photo)
            examined = predictor.examine(image)
            found = examined.prediction
            if found.score < least_score:
                unsure.append(found.score)
                continue
            garment = examined.garment_at(*image.shape[:2]) if edge in _BY_DOUBT else None
            folder.write(photo, image, found.mask, garment)
        except HemlineError as error:
            terminal.err().print(str(error), style="red")
            failed += 1
    if unsure:
        terminal.err().print(
            f"{len(unsure)} of {len(photos)} masks are left out because their expected Dice is "
            f"below {least_score:g}; the best of them has {max(unsure):.3f}"
        )
    if failed:
        raise DatasetError(f"{failed} of {len(photos)} photos have no mask; see above")


def _check_stems(photos: Sequence[Path]) -> None:
    """Two photos of one stem would have one mask, of whichever came last."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for photo in photos:
        by_stem[photo.stem].append(photo)
    for stem, same in by_stem.items():
        if len(same) > 1:
            raise DatasetError(
                f"'{same[0]}' and '{same[1]}' would both be written to '{stem}.png'; "
                "rename one, or use two calls with two folders"
            )


def _check_overwritten(photos: Sequence[Path], masks: Path) -> None:
    """A PNG in the folder of the masks would be lost to its own mask."""
    for photo in photos:
        mask = masks / f"{photo.stem}.png"
        if mask.exists() and photo.exists() and mask.samefile(photo):
            raise DatasetError(
                f"the mask of '{photo}' would be written over the photo itself; give another "
                "folder as --out"
            )


def _folder(out: Path, labels: Sequence[str], *, pairs: bool, edge: str | None) -> "MaskFolder":
    from hemline.masks.cutouts.edges import Edge
    from hemline.segmentation.commands.mask_folders import CutoutFolder, MaskFolder, PairsFolder

    if pairs:
        return PairsFolder(out, labels)
    if edge is not None:
        return CutoutFolder(out, Edge(edge))
    return MaskFolder(out, ids=len(labels) > 1)
