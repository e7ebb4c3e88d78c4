"""Options that several commands on models have."""

from typing import Annotated

import typer

from hemline.masks.files.garment_is import GarmentIs

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="A model file, 'starter', or a version such as hemline-1-v2. Default: the starter.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
MasksShow = Annotated[
    GarmentIs | None,
    typer.Option(
        "--garment-is",
        help=(
            "Which part of a mask file is garment, if it can be read in two ways: the light or "
            "the dark part, the coloured one, everything but black (nonzero), or what is opaque "
            "(alpha)."
        ),
    ),
]
