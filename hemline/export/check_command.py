"""`hemline check`: which pictures a channel takes, and why not the others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from hemline.errors import ChannelError
from hemline.masks.garment_is import GarmentIs

if TYPE_CHECKING:
    from hemline.channels.check_files import Checked
    from hemline.channels.pack import Pack

_err = Console(stderr=True)


def check_command(
    what: Annotated[
        str, typer.Argument(metavar="PATH", help="A picture, or a folder of pictures.")
    ],
    pack: Annotated[
        str, typer.Option(help="Rule pack: amazon, zalando, ..., studio, or a .toml file.")
    ],
    masks: Annotated[
        Path | None,
        typer.Option(help="Folder of masks of the pictures' names, for pictures without alpha."),
    ] = None,
    garment_is: Annotated[
        GarmentIs | None, typer.Option(help="What of the masks is garment.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write all findings as JSON.")] = False,
) -> None:
    """Check pictures against a channel's rules; ends with 1 where one does not pass."""
    from hemline.channels.check_files import check_files, find_pictures
    from hemline.channels.pack import load_pack

    rules = load_pack(pack)
    pictures = find_pictures(Path(what))
    today = datetime.now(UTC).date()
    found = list(
        track(
            check_files(pictures, rules, today, masks=masks, garment_is=garment_is),
            "checking",
            total=len(pictures),
            console=_err,
            transient=True,
        )
    )
    typer.echo(_as_json(rules, found) if as_json else "\n".join(_as_text(rules, found)))
    failed = sum(not checked.passes for checked in found)
    if failed:
        raise ChannelError(f"{failed} of {len(found)} pictures do not pass {rules.name}")


def _as_text(pack: "Pack", found: list["Checked"]) -> list[str]:
    from hemline.channels.rule import Outcome

    lines = []
    for checked in found:
        lines.append(f"{'passes' if checked.passes else 'FAILS '}  {checked.name}")
        if checked.problem:
            lines.append(f"        {checked.problem}")
        lines.extend(
            f"        {finding.outcome.value}: {finding.says}"
            for finding in checked.findings
            if finding.outcome is not Outcome.PASSED
        )
    passed = sum(checked.passes for checked in found)
    lines.append(f"{passed} of {len(found)} pictures pass {pack.title} (version {pack.version}).")
    lines.extend(f"Not checked: {what}." for what in pack.unchecked)
    return lines


def _as_json(pack: "Pack", found: list["Checked"]) -> str:
    return json.dumps(
        {
            "pack": pack.name,
            "version": pack.version,
            "passed": sum(checked.passes for checked in found),
            "failed": sum(not checked.passes for checked in found),
            "unchecked": list(pack.unchecked),
            "pictures": [checked.as_json() for checked in found],
        },
        indent=1,
        ensure_ascii=False,
    )
