"""Options that several commands on models have."""

from pathlib import Path
from typing import Annotated

import typer

from hemline.masks.garment_is import GarmentIs

Model = Annotated[Path | None, typer.Option("--model", help="Model file. Default: the starter.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
MasksShow = Annotated[
    GarmentIs | None,
    typer.Option(
        "--garment-is",
        help="What of mask files is garment, where they can be read in two ways: the light or the "
        "dark part, the coloured one, all but black (nonzero), or what is opaque (alpha).",
    ),
]
