"""Options that several commands on models have."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[Path | None, typer.Option("--model", help="Model file. Default: the starter.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
