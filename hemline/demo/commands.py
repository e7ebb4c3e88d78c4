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
    corrections: Annotated[int, typer.Option(min=1, help="Photos to correct.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Corrections between trainings.")] = 20,
    unseen: Annotated[
        int | None, typer.Option(min=1, help="Photos to measure on. Default: all the others.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for choosing photos.")] = 0,
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

    from hemline.datasets.sources import open_all
    from hemline.demo.simulate import as_markdown
    from hemline.demo.simulate import simulate as play
    from hemline.files import write_atomically

    console = Console(stderr=True)
    with console.status("reading the data") as status:
        rows = play(
            open_all([data], None, garment_is)[0],
            corrections=corrections,
            batch=batch,
            unseen_at_most=unseen,
            seed=seed,
            home=home,
            on_step=status.update,
            on_row=lambda row: console.print(
                f"{row.corrections} corrections: mean Dice {row.mean_dice:.4f}, median "
                f"{row.median_dice:.4f} with {row.model_version} ({row.decision})"
            ),
        )
    table = as_markdown(rows)
    print(table, end="")
    if out:
        write_atomically(out, table.encode())
