"""`hemline doctor`: what is wrong with this installation, and the way out."""

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from worker.doctor.diagnosis import Diagnosis

_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red", "skipped": "bright_black"}
_NAME_WIDTH = 20


def doctor(
    project: Annotated[
        int | None, typer.Option(help="Label Studio's project id. Default: all that are connected.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check this installation: settings, disk, database, processes, Label Studio, projects.

    Prints a line for each check, with what to do about a warning or a fault. Changes nothing.
    Exits with 1 if there is a fault.
    """
    from worker.doctor.examine import examine

    lines = []
    for line in examine(project):
        lines.append(line)
        if not as_json:
            _print(line)
    counts = Counter(line.mark.value for line in lines)
    if as_json:
        _print_json(lines, counts)
    else:
        typer.echo(_summary(counts))
    if counts["fault"]:
        raise typer.Exit(1)


def _print(line: "Diagnosis") -> None:
    mark = typer.style(f"{line.mark.value:<8}", fg=_COLOURS[line.mark.value])
    typer.echo(f"{mark} {line.check:<{_NAME_WIDTH}} {line}")


def _print_json(lines: "list[Diagnosis]", counts: Counter[str]) -> None:
    checks = [
        {"check": line.check, "mark": line.mark, "found": line.found, "way_out": line.way_out}
        for line in lines
    ]
    summary = {"faults": counts["fault"], "warnings": counts["warning"], "checks": checks}
    typer.echo(json.dumps(summary, indent=2, ensure_ascii=False))


def _summary(counts: Counter[str]) -> str:
    said = [
        f"{number} {word}{'s' if number > 1 else ''}"
        for word in ("fault", "warning")
        if (number := counts[word])
    ]
    return ", ".join(said) if said else "Nothing is wrong."
