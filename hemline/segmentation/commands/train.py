"""`hemline train`: a recipe on folders of photos and masks, from the command line."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemline import terminal
from hemline.files import make_folder
from hemline.segmentation.commands.options import Device, MasksShow

if TYPE_CHECKING:
    from hemline.segmentation.ranks.place import RankPlace
    from hemline.segmentation.ranks.team import Team
    from hemline.segmentation.training.split_data import TrainingData
    from hemline.segmentation.training.train_model import TrainedModel


def train_command(
    out: Annotated[Path, typer.Option(help="Folder for the model, its checkpoint and caches.")],
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="KIND:PATH; repeat for each source. Default: the recipe's."),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(
            "--extra",
            help="KIND:PATH of more masks, such as pseudo-labels, that are used for training only.",
        ),
    ] = None,
    recipe: Annotated[str, typer.Option(help="A name under recipes/ or a .toml file.")] = "hemline",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change a key of the recipe: KEY=VALUE, such as network.encoder=resnet34."
        ),
    ] = None,
    initial: Annotated[
        str | None,
        typer.Option(
            help="Model to fine-tune: a file, 'starter', or a version such as hemline-1-v2."
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Encoder weights to start from if no model is fine-tuned: a .safetensors file, or "
            "a name that segmentation-models-pytorch downloads, such as imagenet."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs. 0: the recipe's.")] = 0,
    threads: Annotated[
        int, typer.Option(min=0, help="CPU threads of a process. 0: all, divided among --devices.")
    ] = 0,
    validation: Annotated[
        float | None,
        typer.Option(help="Share of garments that choose the best epoch and the threshold."),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(help="Share of garments left out, for `hemline evaluate --part test`."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the split.")] = None,
    garment_is: MasksShow = None,
    device: Device = "auto",
    devices: Annotated[
        int,
        typer.Option(min=1, help="Processes on this host that share each batch, one a GPU."),
    ] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Hosts that share each batch.")] = 1,
    node: Annotated[
        int, typer.Option(min=0, help="Which of them this one is. 0 reads the data, and writes.")
    ] = 0,
    rendezvous: Annotated[
        str, typer.Option(help="HOST:PORT where several hosts meet, of the one that is 0.")
    ] = "",
    strategy: Annotated[
        str,
        typer.Option(
            help="How gradients are shared: ddp, or ddp_find_unused_parameters_true for a network "
            "of which a part is not used."
        ),
    ] = "ddp",
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Log to OUT/tensorboard.")
    ] = False,
) -> None:
    """Train a recipe on folders of photos and masks. Ctrl-C stops after a batch; see --resume."""
    from hemline.segmentation.ranks.place import check_options, my_place

    place = my_place()
    check_options(place, strategy, devices)
    if place is not None and place.rank > 0:
        _follow(place, device, strategy, threads, out)
        return
    if place is None and (devices > 1 or nodes > 1 or node or rendezvous):
        raise typer.Exit(_launch(device, devices, nodes, node, rendezvous))
    import torch

    from hemline.segmentation.commands.model_choice import find_model
    from hemline.segmentation.commands.train_progress import TrainProgress
    from hemline.segmentation.recipe.recipe import load_recipe, with_epochs, with_values
    from hemline.segmentation.training.memory import keep_memory
    from hemline.segmentation.training.split_data import training_data
    from hemline.segmentation.training.tensorboard_log import open_log
    from hemline.segmentation.training.train_model import train

    shares = {"split.validation": validation, "split.test": test, "split.seed": seed}
    own = [f"{key}={value}" for key, value in shares.items() if value is not None]
    parent = None if initial is None else find_model(initial)
    chosen = with_values(load_recipe(recipe), [*(changes or []), *own])
    if epochs:
        chosen = with_epochs(chosen, epochs)
    make_folder(out)
    keep_memory()
    team = None if place is None else _join(place, device, strategy, out)
    if threads:
        torch.set_num_threads(threads)
    begun = resume and any(out.rglob("checkpoint.pt"))
    with (
        team or nullcontext(),
        open_log(out / "tensorboard" if tensorboard else None) as log,
        TrainProgress(terminal.out(), terminal.err(), begun=begun, log=log) as progress,
    ):
        found = training_data(chosen, data or (), extra or (), garment_is)
        _print_data(found)
        progress.decoding(len(found.train) + len(found.validation) + len(found.extra))
        result = train(
            chosen,
            found.train,
            found.validation,
            labels=found.labels,
            extra=found.extra,
            skipped=found.skipped,
            work_dir=out,
            initial=parent,
            encoder=encoder,
            resume=resume,
            device=device,
            team=team,
            watch=progress.watch,
        )
    _print_result(found, result)


def _launch(device: str, devices: int, nodes: int, node: int, rendezvous: str) -> int:
    """Runs this command again, as processes that train together."""
    from hemline.segmentation.device import choose_device
    from hemline.segmentation.ranks.joining import check_cards
    from hemline.segmentation.ranks.launch import Hosts, launch

    if choose_device(device) == "cuda":
        check_cards(devices)
    command = ["-m", "hemline.cli", *sys.argv[1:]]
    return launch(command, devices, Hosts(nodes, node, rendezvous))


def _join(place: "RankPlace", device: str, strategy: str, out: Path) -> "Team":
    from hemline.segmentation.ranks.place import settle

    settle(place)
    from hemline.segmentation.ranks.joining import join_team

    team = join_team(place, device, strategy, out)
    if team.leads:
        terminal.out().print(f"{place.size} processes share each batch")
    return team


def _follow(place: "RankPlace", device: str, strategy: str, threads: int, out: Path) -> None:
    team = _join(place, device, strategy, out)
    import torch

    from hemline.segmentation.ranks.follow import follow

    if threads:
        torch.set_num_threads(threads)
    follow(team)


def _print_data(found: "TrainingData") -> None:
    """What is not known better once the photos are decoded."""
    extra = len(found.extra)
    if extra or found.kept_apart:
        terminal.out().print(
            f"{extra} extra photos found; {found.kept_apart} more are left out because they show "
            "a garment that is held back"
        )


def _print_result(found: "TrainingData", result: "TrainedModel") -> None:
    from hemline.segmentation.training.train_model import labels_without_pixels

    left_out = result.figures["skipped"]
    for item in left_out:
        terminal.err().print(f"skipped {item['id']}: {item['problem']}", style="yellow")
    if left_out:
        used = len(found.train) + len(found.validation) + len(found.extra) + len(found.skipped)
        terminal.err().print(f"{len(left_out)} of {used} photos were skipped", style="yellow")
    for label in labels_without_pixels(found.labels, result.figures):
        terminal.err().print(
            f"warning: no training photo has the label '{label}', so the model will never draw "
            "it; add photos with it, or remove it from the recipe's classes",
            style="yellow",
        )
    folds, dice = len(result.figures.get("folds", ())), result.figures["validation_dice"]
    if folds and dice is not None:
        terminal.out().print(
            f"{folds} folds: Dice {dice:.4f}, each photo by the network that held it back"
        )
    for row in result.figures.get("specialists", ()):
        both = [row["score"], row["general_score"]]
        if None not in both:
            terminal.out().print(
                f"{row['type']}: {both[0]:.4f} with a network of its own, {both[1]:.4f} with the "
                f"general one{'' if row['kept'] else ', which is kept'}"
            )
    terminal.out().print(f"model written to {result.path}")
