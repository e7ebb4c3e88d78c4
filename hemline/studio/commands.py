"""`hemline studio`: a folder of drawn garment photos with their true masks."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemline import terminal
from hemline.errors import DatasetError
from hemline.files import make_folder
from hemline.quoting import quoted

if TYPE_CHECKING:
    from hemline.studio.hard_cases import HardCase
    from hemline.studio.wardrobe.wardrobe import GarmentType

app = typer.Typer()


@app.command("studio")
def studio_command(
    out: Annotated[Path, typer.Argument(help="Folder for images/, masks/, truth/, manifest.json.")],
    garments: Annotated[
        int, typer.Option(min=1, help="Number of garments; each is drawn in three views.")
    ] = 12,
    size: Annotated[
        str, typer.Option(help="Size of the photos, HEIGHTxWIDTH in pixels.")
    ] = "768x512",
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same photos.")] = 0,
    faults: Annotated[
        float, typer.Option(min=0, max=1, help="Share of photos with a planted fault.")
    ] = 0.0,
    outfits: Annotated[
        str,
        typer.Option(
            help="Types of garment, such as 'dress,top': people wear these in turn, with what goes "
            "with them, and half of them carry a bag. Default: any, on mannequins too."
        ),
    ] = "",
    cases: Annotated[
        str,
        typer.Option(
            help="Hard cases, on mannequins in turn: dipped_hem (a hem that is lower behind; a "
            "label with a fault leaves the back out), like_figure (in the mannequin's colour), "
            "busy_print."
        ),
    ] = "",
) -> None:
    """Draw garment photos with exact masks and, if asked, known faults."""
    from hemline.studio.photos import write_photos  # keeps `hemline --help` quick
    from hemline.studio.scene import VIEWS

    height, width = _parse_size(size)
    types, hard = _parse_types(outfits), _parse_cases(cases)
    if types and hard:
        raise DatasetError("--outfits are worn by people, --cases by mannequins; give one of them")
    make_folder(out)
    drawn = write_photos(
        out,
        garments,
        seed=seed,
        height=height,
        width=width,
        faults=faults,
        outfits=types,
        cases=hard,
    )
    photos = list(terminal.tracked(drawn, "Drawing", garments * len(VIEWS)))
    spoilt = sum(photo.fault is not None for photo in photos)
    typer.echo(
        f"{len(photos)} photos of {garments} garments in {out}, {spoilt} with a planted fault."
    )


def _parse_cases(text: str) -> "list[HardCase]":
    from hemline.studio.hard_cases import HardCase

    known = {case.value: case for case in HardCase}
    names = _names(text)
    for name in names:
        if name not in known:
            raise DatasetError(
                f"there is no hard case {quoted(name)}; choose from {', '.join(known)}"
            )
    return [known[name] for name in names]


def _names(text: str) -> list[str]:
    return [name.strip().lower() for name in text.split(",") if name.strip()]


def _parse_types(text: str) -> "list[GarmentType]":
    from hemline.studio.wardrobe.wardrobe import GarmentType

    known = {kind.value: kind for kind in GarmentType}
    names = _names(text)
    for name in names:
        if name not in known:
            raise DatasetError(
                f"no garment of the type {quoted(name)} can be drawn; choose from "
                f"{', '.join(known)}"
            )
    return [known[name] for name in names]


def _parse_size(size: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", size)
    if match is None or min(int(side) for side in match.groups()) < 16:
        raise DatasetError(
            f"size '{size}' is not HEIGHTxWIDTH of 16 px or more; for example 768x512"
        )
    return int(match[1]), int(match[2])
