"""`hemline train` and `predict`, with `evaluate`: recipes on folders, from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from hemline.errors import DatasetError, HemlineError
from hemline.segmentation.evaluate_command import evaluate_command
from hemline.segmentation.options import Device, Model

if TYPE_CHECKING:
    from hemline.segmentation.training import EpochReport

app = typer.Typer()
_out = Console()
_err = Console(stderr=True)

Data = Annotated[
    list[str],
    typer.Option(
        "--data", help="KIND:PATH, once for each source: ccp, cutouts, pairs or studio (a number)."
    ),
]


@app.command("train")
def train_command(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the model, its checkpoint and caches.")],
    recipe: Annotated[str, typer.Option(help="A name under recipes/ or a .toml file.")] = "hemline",
    initial: Annotated[Path | None, typer.Option(help="Model file to fine-tune.")] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(
            help="Encoder weights (safetensors) to begin from, where no model is fine-tuned."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs. 0: the recipe's.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads. 0: all.")] = 0,
    validation: Annotated[
        float,
        typer.Option(
            min=0, max=0.9, help="Share of garments that choose the best epoch and the threshold."
        ),
    ] = 0.1,
    test: Annotated[
        float,
        typer.Option(
            min=0, max=0.9, help="Share of garments left out, for `hemline evaluate --part test`."
        ),
    ] = 0.15,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
) -> None:
    """Train a recipe on folders of photos and masks."""
    import torch

    from hemline.datasets.sources import join, open_data
    from hemline.datasets.splits import split_by_garment
    from hemline.segmentation.recipe import load_recipe, with_epochs
    from hemline.segmentation.training import train

    chosen = load_recipe(recipe)
    if epochs:
        chosen = with_epochs(chosen, epochs)
    if threads:
        torch.set_num_threads(threads)
    dataset = join([open_data(source) for source in data])
    held, _, rest = split_by_garment(
        dataset.samples, (validation, test, 1 - validation - test), seed=seed
    )
    _out.print(f"{len(rest)} photos to train on, {len(held)} to validate on; decoding them")
    result = train(
        chosen,
        rest,
        held,
        labels=dataset.labels,
        work_dir=out,
        initial=initial,
        encoder=encoder,
        resume=resume,
        device=device,
        on_epoch=_report,
    )
    for item in result.figures["skipped"]:
        _err.print(f"skipped {item['id']}: {item['problem']}", style="yellow")
    _out.print(f"model written to {result.path}")


app.command("evaluate")(evaluate_command)


@app.command("predict")
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

    predictor = Predictor(model or starter_path(), device=device)
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for photo in track(photos, "predicting", console=_err, transient=True):
        try:
            image = read_image(photo)
        except HemlineError as error:
            _err.print(str(error), style="red")
            failed += 1
            continue
        mask = predictor.predict([image])[0].mask
        _write_mask(out / f"{photo.stem}.png", image, mask, len(predictor.labels) == 1, cutout)
    if failed:
        raise DatasetError(f"{failed} of {len(photos)} photos could not be read; see above")


def _write_mask(path: Path, image, mask, binary: bool, cutout: bool) -> None:  # type: ignore[no-untyped-def]
    import cv2

    if cutout:
        from hemline.masks.cutout import make_cutout

        alpha = (mask > 0).astype("uint8") * 255
        cv2.imwrite(str(path), cv2.cvtColor(make_cutout(image, alpha), cv2.COLOR_RGBA2BGRA))
    else:
        cv2.imwrite(str(path), mask * 255 if binary else mask)


def _report(report: "EpochReport") -> None:
    dice = f"   Dice {report.dice:.4f} at {report.threshold:.2f}" if report.dice else ""
    _out.print(
        f"epoch {report.epoch}/{report.epochs}   loss {report.loss:.4f}{dice}   "
        f"{report.seconds:.0f} s"
    )
