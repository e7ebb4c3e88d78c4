"""`hemline predict`: the masks of photos as files."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from hemline.errors import DatasetError, HemlineError
from hemline.segmentation.options import Device, Model

_Pixels = NDArray[np.uint8]

_err = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)


def predict_command(
    photos: Annotated[list[Path], typer.Argument(help="Photos.")],
    out: Annotated[Path, typer.Option(help="Folder for the masks, named by the photo's stem.")],
    model: Model = None,
    cutout: Annotated[bool, typer.Option("--cutout", help="Write RGBA cut-outs.")] = False,
    device: Device = "auto",
) -> None:
    """Write the masks of photos as PNG: 0 background, 255 garment (class ids for many labels)."""
    from hemline.datasets.photo_file import read_image
    from hemline.segmentation.predictor import Predictor
    from hemline.segmentation.starter import starter_path

    _check_stems(photos)
    predictor = Predictor(model or starter_path(), device=device)
    _make_folder(out)
    failed = 0
    for photo in track(photos, "predicting", console=_err, transient=True):
        try:
            image = read_image(photo)
            mask = predictor.predict([image])[0].mask
            _write(out / f"{photo.stem}.png", image, mask, len(predictor.labels) == 1, cutout)
        except HemlineError as error:
            _err.print(str(error), style="red")
            failed += 1
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
                "rename one, or give them in two calls with two folders"
            )


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"'{out}' cannot be written ({error}); choose another folder") from error


def _write(path: Path, image: _Pixels, mask: _Pixels, binary: bool, cutout: bool) -> None:
    import cv2

    from hemline.masks.cutout import make_cutout

    pixels = mask * np.uint8(255) if binary else mask
    if cutout:
        alpha = np.where(mask > 0, 255, 0).astype(np.uint8)
        pixels = cv2.cvtColor(make_cutout(image, alpha), cv2.COLOR_RGBA2BGRA).astype(np.uint8)
    if not cv2.imwrite(str(path), pixels):
        raise DatasetError(f"'{path}' cannot be written; is the disk full?")
