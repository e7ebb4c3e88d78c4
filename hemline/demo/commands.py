"""The command `hemline demo`."""

from pathlib import Path
from typing import Annotated

import typer

from hemline.segmentation.commands.options import MasksShow

app = typer.Typer()


@app.command()
def demo(
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of your own photos, which are left where they are."),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labels of the project, such as 'dress,top,shoes'; sample photos are drawn that "
            "show them. Default: one, garment."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port of Label Studio. Default: the one used last, or 8080."
        ),
    ] = None,
    backend_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port of the backend. Default: the one used last, or 9090."
        ),
    ] = None,
    home: Annotated[Path, typer.Option(help="Folder that keeps everything the demo makes.")] = Path(
        ".demo"
    ),
) -> None:
    """Start Label Studio with pre-filled photos, and everything that learns from corrections."""
    from rich.console import Console

    from hemline.demo.demo import run_demo
    from hemline.demo.labels import LABELS, parse_labels

    run_demo(
        home,
        images=images,
        labels=LABELS if labels is None else parse_labels(labels),
        label_studio_port=port,
        backend_port=backend_port,
        console=Console(),
    )


@app.command()
def simulate(
    data: Annotated[str, typer.Argument(help="KIND:PATH: photos with true masks.")],
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="A label of the project and the starter's classes that it is, such as "
            "'legs=trousers,skirt' or 'dress=auto', by its name. Once for each label; the data "
            "must have the starter's classes.",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="Class list of the data, whose labels are the project's."),
    ] = None,
    part: Annotated[
        str,
        typer.Option(
            help="Part of the split: all, validation, or test, which the starter never saw where "
            "it was trained on this data."
        ),
    ] = "all",
    corrections: Annotated[int, typer.Option(min=1, help="Photos to correct.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Corrections between trainings.")] = 20,
    unseen: Annotated[
        int | None, typer.Option(min=1, help="Photos to measure on. Default: all the others.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for choosing photos.")] = 0,
    recipe: Annotated[
        str | None, typer.Option(help="What is trained. Default: HEMLINE_RECIPE.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="KEY=VALUE of the recipe, such as input.pixels=24_576 or fine_tune.epochs=5.",
        ),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Folder to work in and keep. Default: a temporary one, deleted at the end."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Markdown file to write the table to.")] = None,
    garment_is: MasksShow = None,
) -> None:
    """Simulate an annotator with true masks, and show how pre-fills of unseen photos improve."""
    from rich.console import Console

    from hemline.demo.simulate import simulate as play
    from hemline.demo.simulated import as_markdown
    from hemline.demo.simulated_data import open_simulated
    from hemline.files import write_atomically
    from hemline.segmentation.recipe.recipe import load_recipe, with_values
    from hemline.settings import get_settings

    chosen = None
    if recipe or set_:
        chosen = with_values(load_recipe(recipe or get_settings().recipe), set_ or [])
    console = Console(stderr=True)
    with console.status("reading the data") as status:
        opened = open_simulated(data, label_map or [], classes, part, garment_is)
        rows = play(
            opened.dataset,
            corrections=corrections,
            batch=batch,
            unseen_at_most=unseen,
            seed=seed,
            home=home,
            starter_classes=opened.starter_classes,
            recipe=chosen,
            on_step=status.update,
            on_row=lambda row: console.print(row.in_words, highlight=False, markup=False),
        )
    table = as_markdown(rows)
    print(table, end="")
    if out:
        write_atomically(out, table.encode())
