"""`hemline prune`: room on the disk, from what can be made again and what nobody needs."""

import re
from typing import Annotated

import typer

from hemline.errors import HemlineError

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def prune(
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove it; else it is only listed.")
    ] = False,
    older_than: Annotated[
        str, typer.Option(help="Remove what was not used for so long: 30d, 12h.")
    ] = "30d",
    keep_versions: Annotated[
        int,
        typer.Option(min=1, help="Former champions of each project to keep, for `rollback`."),
    ] = 5,
    cache_size: Annotated[
        str, typer.Option(help="Leave at most so much in each cache: 500M, 2G. Default: any.")
    ] = "",
) -> None:
    """List what can go: cached photos and pictures, checkpoints of trainings that are over, weights
    of versions that nothing needs, and artifacts that no row names. With --delete remove it.

    What a champion, a rollback, a judgement, an open pre-fill or a past training needs stays.
    """
    from datetime import timedelta

    from worker.commands.print_table import print_table
    from worker.pruning.pile import PruneLimits
    from worker.pruning.prune import find_piles, remove_pile
    from worker.services import command_services

    limits = PruneLimits(
        timedelta(hours=_hours(older_than)),
        _bytes(cache_size) if cache_size else None,
        keep_versions,
    )
    piles, problems = find_piles(command_services(), limits)
    rows, count, size = [], 0, 0
    for pile in piles:
        went = remove_pile(pile, problems) if delete else pile.count
        rows.append((pile.kind, went, _words(pile.size), pile.why))
        count, size = count + went, size + pile.size
    rows.append(("all", count, _words(size), ""))
    print_table(("what", "removed" if delete else "would go", "size", "why"), rows, empty="")
    if not delete:
        typer.echo("Nothing was removed. `hemline prune --delete` removes it.", err=True)
    if problems:
        raise HemlineError("; ".join(problems))


def _hours(text: str) -> float:
    found = re.fullmatch(r"(\d{1,5})([dh])", text.strip())
    if found is None:
        raise HemlineError(f"'{text}' is not a length of time; write it as 30d or 12h")
    return int(found[1]) * (24 if found[2] == "d" else 1)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([KMGT]?)", text.strip().upper().removesuffix("B"))
    if found is None:
        raise HemlineError(f"'{text}' is not a size; write it as 500M or 2G")
    return int(float(found[1]) * _UNITS[found[2]])


def _words(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
