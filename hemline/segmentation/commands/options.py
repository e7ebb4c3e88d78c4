"""Options that several commands on models have."""

from typing import Annotated

import typer

from hemline.masks.garment_is import GarmentIs

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="A file, starter, or a version such as hemline-1-v2. Default: the starter.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
MasksShow = Annotated[
    GarmentIs | None,
    typer.Option(
        "--garment-is",
        help="What of mask files is garment, where they can be read in two ways: the light or the "
        "dark part, the coloured one, all but black (nonzero), or what is opaque (alpha).",
    ),
]
