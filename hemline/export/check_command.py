"""`hemline check`: which pictures a channel takes, and why not the others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemline import terminal
from hemline.errors import ChannelError
from hemline.export.options import Edges
from hemline.masks.files.garment_is import GarmentIs

if TYPE_CHECKING:
    from hemline.channels.check_files import Checked
    from hemline.channels.pack import Pack


def check_command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PATH|PROJECT",
            help="A picture, a folder of pictures, or a project's number in Label Studio.",
        ),
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
    edge: Annotated[
        Edges | None, typer.Option(help="Edge of a project's cut-outs; softened unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write all findings as JSON.")] = False,
) -> None:
    """Check pictures against a channel's rules; ends with 1 where one does not pass."""
    from hemline.channels.check_files import check_files, find_pictures
    from hemline.channels.pack import load_pack

    rules = load_pack(pack)
    if what.isdigit() and not Path(what).exists():
        if masks or garment_is:
            raise ChannelError(f"project {what} has masks of its own; leave the options out")
        _report(rules, _of_project(int(what), pack, edge or "softened"), as_json=as_json)
        return
    if edge is not None:
        raise ChannelError("--edge applies only to the cut-outs of a project; leave it out")
    pictures = find_pictures(Path(what))
    today = datetime.now(UTC).date()
    checked = check_files(pictures, rules, today, masks=masks, garment_is=garment_is)
    found = list(terminal.tracked(checked, "checking", len(pictures)))
    _report(rules, found, as_json=as_json)


def _report(pack: "Pack", found: list["Checked"], *, as_json: bool) -> None:
    typer.echo(_as_json(pack, found) if as_json else "\n".join(_as_text(pack, found)))
    failed = sum(not checked.passes for checked in found)
    if failed:
        raise ChannelError(f"{failed} of {len(found)} pictures do not pass {pack.name}")


def _of_project(number: int, pack: str, edge: Edges) -> list["Checked"]:
    """A project's cut-outs as an export for the channel would write them, best masks first."""
    from hemline.export.channel_check import ChannelChecker, ChannelOrder
    from hemline.export.request import build_filter, build_sources, find_project
    from hemline.masks.cutouts.edges import Edge
    from hemline.settings import get_settings
    from hemline.store.reports.export_masks import MaskChoice, count_export, export_pages

    sources = build_sources(get_settings())
    project = find_project(sources.store, number)
    chosen = build_filter(sources.store, project, masks=MaskChoice.BEST)
    checker = ChannelChecker(sources, project, ChannelOrder((pack,), Edge(edge)))
    found: list[Checked] = []
    total = count_export(sources.store, project.id, chosen)
    with terminal.bar("checking", total) as tell:
        for _, items in export_pages(sources.store, project.id, chosen):
            for results in checker.check_all([(item, checker.packs) for item in items]):
                found += results.values()
                tell(len(found), total)
    return found


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
