"""The commands `hemline export` and `hemline check`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hemline import terminal
from hemline.errors import ExportError
from hemline.export.check_command import check_command
from hemline.export.options import Edges, Format, Masks

app = typer.Typer()
app.command("check")(check_command)


@app.command("export")
def export_command(
    project: Annotated[int, typer.Argument(help="Number of the project in Label Studio.")],
    format_name: Annotated[Format, typer.Option("--format", help="Format to write.")],
    out: Annotated[
        Path, typer.Option(help="Folder to write to: a new one, or that of an export to continue.")
    ],
    masks: Annotated[
        Masks,
        typer.Option(help="People's corrections, predictions, or the best there is."),
    ] = "corrections",
    version: Annotated[
        str, typer.Option(help="Model version of predictions. Default: the champion.")
    ] = "",
    garment: Annotated[str, typer.Option(help="Only this garment.")] = "",
    garment_type: Annotated[str, typer.Option(help="Only this type of garment.")] = "",
    view: Annotated[str, typer.Option(help="Only this view.")] = "",
    photo_session: Annotated[
        str, typer.Option("--session", help="Only photos of this session.")
    ] = "",
    annotator: Annotated[str, typer.Option(help="Only corrections of this annotator.")] = "",
    edge: Annotated[
        Edges,
        typer.Option(
            help="Edge of cut-outs: the mask; running out over a pixel or two; found by matting, "
            "for fur and loose threads; and with the holes of mesh and lace open."
        ),
    ] = "softened",
    channel: Annotated[
        str,
        typer.Option(
            "--for",
            help="Rule pack: lay cut-outs out for that channel, and leave out those it refuses.",
        ),
    ] = "",
    fill: Annotated[
        float | None,
        typer.Option(help="Lay cut-outs out so that the garment fills this share of the frame."),
    ] = None,
    aspect: Annotated[
        str | None, typer.Option(help="Shape of the frame, as 4:5. Default: the garment's own.")
    ] = None,
    background: Annotated[str | None, typer.Option(help="Colour of the frame, as #ffffff.")] = None,
    shadow: Annotated[
        float | None, typer.Option(help="Darkness of a soft shadow below the garment, 0 to 1.")
    ] = None,
    long_side: Annotated[
        int | None, typer.Option(help="Scale larger pictures down to this longer side, in pixels.")
    ] = None,
    file: Annotated[
        Literal["jpeg", "png"] | None, typer.Option(help="What framed cut-outs are written as.")
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Only corrections that a reviewer found good.")
    ] = False,
) -> None:
    """Write masks as cut-outs, PNG masks, COCO, YOLO segments or Label Studio's JSON.

    Running the same command again continues where it stopped and writes only what is missing.
    """
    from hemline.export.canvas_options import read_canvas
    from hemline.export.cutout_style import CutoutStyle
    from hemline.export.formats.registry import FormatName
    from hemline.export.manifest import MANIFEST
    from hemline.export.request import build_filter, build_sources, find_project
    from hemline.export.run import run_export
    from hemline.masks.cutouts.edges import Edge
    from hemline.settings import get_settings
    from hemline.store.reports.export_masks import MaskChoice

    canvas = read_canvas(
        {
            "fill": fill,
            "aspect": aspect,
            "background": background,
            "shadow": shadow,
            "most_long": long_side,
            "file": file,
        }
    )
    if channel and canvas is not None:
        raise ExportError(
            f"--for {channel} brings its own frame; leave out --fill, --aspect and the like, or "
            "write a rule pack of your own"
        )
    sources = build_sources(get_settings())
    row = find_project(sources.store, project)
    chosen = build_filter(
        sources.store,
        row,
        masks=MaskChoice(masks),
        version=version,
        garment=garment,
        garment_type=garment_type,
        view=view,
        photo_session=photo_session,
        annotator=annotator,
        reviewed=reviewed,
    )
    with terminal.bar("Exporting") as tell:
        summary = run_export(
            sources,
            row,
            FormatName(format_name),
            chosen,
            out,
            tell,
            CutoutStyle(Edge(edge), channel, canvas),
        )
    typer.echo(
        f"{summary.written} masks written to {out}, {summary.kept} were there already, "
        f"{summary.failed} failed."
    )
    if summary.failed:
        raise ExportError(
            f"{summary.failed} masks could not be exported; see {out / MANIFEST} for the reasons"
        )
