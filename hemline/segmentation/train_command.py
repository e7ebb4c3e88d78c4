"""`hemline train`: a recipe on folders of photos and masks, from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from hemline.errors import DatasetError
from hemline.segmentation.options import Device

if TYPE_CHECKING:
    from hemline.datasets.sample import Dataset, Sample
    from hemline.segmentation.recipe import Recipe
    from hemline.segmentation.training import TrainedModel

_out = Console(soft_wrap=True, markup=False, highlight=False)
_err = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)


def train_command(
    out: Annotated[Path, typer.Option(help="Folder for the model, its checkpoint and caches.")],
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="KIND:PATH, once for each source. Default: the recipe's."),
    ] = None,
    recipe: Annotated[str, typer.Option(help="A name under recipes/ or a .toml file.")] = "hemline",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="KEY=VALUE of the recipe to change, as network.encoder=resnet34"
        ),
    ] = None,
    initial: Annotated[Path | None, typer.Option(help="Model file to fine-tune.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Encoder weights to begin from where no model is fine-tuned: a .safetensors file, "
            "or a name that segmentation-models-pytorch downloads, as imagenet."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs. 0: the recipe's.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads. 0: all.")] = 0,
    validation: Annotated[
        float | None,
        typer.Option(help="Share of garments that choose the best epoch and the threshold."),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(help="Share of garments left out, for `hemline evaluate --part test`."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the split.")] = None,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Log to OUT/tensorboard.")
    ] = False,
) -> None:
    """Train a recipe on folders of photos and masks. Ctrl-C stops after a batch; see --resume."""
    import torch

    from hemline.segmentation.memory import keep_memory
    from hemline.segmentation.recipe import load_recipe, with_epochs, with_values
    from hemline.segmentation.tensorboard_log import open_log
    from hemline.segmentation.train_progress import TrainProgress
    from hemline.segmentation.training import train

    shares = {"split.validation": validation, "split.test": test, "split.seed": seed}
    own = [f"{key}={value}" for key, value in shares.items() if value is not None]
    chosen = with_values(load_recipe(recipe), [*(changes or []), *own])
    if epochs:
        chosen = with_epochs(chosen, epochs)
    _make_folder(out)
    keep_memory()
    if threads:
        torch.set_num_threads(threads)
    dataset, rest, held = _open(chosen, data)
    if chosen.bagging:
        _out.print(f"{len(rest) + len(held)} photos in {chosen.bagging.folds} folds")
    else:
        _out.print(f"{len(rest)} photos to train on, {len(held)} to validate on")
    with (
        open_log(out / "tensorboard" if tensorboard else None) as log,
        TrainProgress(_out, _err, photos=len(rest) + len(held), log=log) as progress,
    ):
        result = train(
            chosen, rest, held,
            labels=dataset.labels, work_dir=out, initial=initial, encoder=encoder, resume=resume,
            device=device, watch=progress.watch,
        )  # fmt: skip
    _print_result(dataset, result)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"'{out}' cannot be written ({error}); choose another folder") from error


def _open(recipe: "Recipe", data: list[str] | None) -> "tuple[Dataset, list[Sample], list[Sample]]":
    """The data with its labels, and what of it is to train and to validate on."""
    from hemline.datasets.class_lists import class_map
    from hemline.datasets.sources import join, open_data
    from hemline.datasets.splits import split_by_garment

    sources = data or list(recipe.data)
    if not sources:
        raise DatasetError(
            f"recipe '{recipe.name}' names no data; give --data KIND:PATH, as pairs:my-photos"
        )
    classes = None if recipe.classes is None else class_map(recipe.classes)
    dataset = join([open_data(source, classes) for source in sources])
    split = recipe.split
    held, _, rest = split_by_garment(
        dataset.samples,
        (split.validation, split.test, 1 - split.validation - split.test),
        seed=split.seed,
    )
    return dataset, rest, held


def _print_result(dataset: "Dataset", result: "TrainedModel") -> None:
    from hemline.segmentation.training import labels_without_pixels

    left_out = [(item.id, item.problem) for item in dataset.skipped]
    left_out += [(item["id"], item["problem"]) for item in result.figures["skipped"]]
    for name, problem in left_out:
        _err.print(f"skipped {name}: {problem}", style="yellow")
    for label in labels_without_pixels(dataset.labels, result.figures):
        _err.print(
            f"warning: no training photo has the label '{label}', so the model never draws it; "
            "add photos with it, or take it out of the recipe's classes",
            style="yellow",
        )
    folds, dice = len(result.figures.get("folds", ())), result.figures["validation_dice"]
    if folds and dice is not None:
        _out.print(f"{folds} folds: Dice {dice:.4f}, each photo by the network that held it back")
    _out.print(f"model written to {result.path}")
