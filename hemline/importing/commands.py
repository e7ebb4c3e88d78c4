"""The command `hemline import`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hemline import terminal
from hemline.errors import DatasetError
from hemline.masks.files.garment_is import GarmentIs

app = typer.Typer()


@app.command("import")
def import_command(
    project: Annotated[int, typer.Argument(help="Number of the project in Label Studio.")],
    masks: Annotated[
        Path,
        typer.Option(help="Folder of masks or cut-outs named like the photos, or a COCO file."),
    ],
    kind: Annotated[
        Literal["annotations", "predictions"],
        typer.Option("--as", help="What the masks become in Label Studio."),
    ] = "annotations",
    label: Annotated[
        str, typer.Option(help="Label of all masks, where they do not name one of the project's.")
    ] = "",
    garment_is: Annotated[
        GarmentIs | None, typer.Option(help="What of the mask files is garment.")
    ] = None,
) -> None:
    """Bring masks that you already have into a Label Studio project.

    The same command again brings in only what is missing.
    """
    from hemline.importing.offered import offered_masks
    from hemline.importing.run import ImportAs, Target, run_import
    from hemline.importing.stored import stored_regions_per
    from hemline.labelstudio.client import LabelStudioClient
    from hemline.labelstudio.photos.photos import PhotoFetcher
    from hemline.labelstudio.project.config import parse_label_config
    from hemline.settings import get_settings

    settings = get_settings()
    with LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key) as client:
        row = client.get_project(project)
        config = parse_label_config(str(row.get("label_config", "")))
        per, unknown = stored_regions_per(settings, project)
        offered = offered_masks(masks, config.labels, label=label, garment_is=garment_is)
        target = Target(
            client,
            PhotoFetcher(settings, lambda: client),
            project,
            config,
            settings.max_pixels,
            per,
        )
        with terminal.bar("Importing", len(offered)) as tell:
            summary = run_import(
                target,
                offered,
                ImportAs(kind),
                tell,
            )
        shown = str(row.get("model_version") or "")
        if kind == "predictions" and summary.brought and shown:
            client.update_project(project, model_version=shown)  # an import shows its own instead
    if unknown:
        terminal.err().print(unknown)
    for name, why in summary.skipped:
        terminal.err().print(f"{name}: {why}", style="red")
    typer.echo(
        f"{summary.brought} masks brought into project {project} as {kind}, {summary.already} were "
        f"there already, {len(summary.skipped)} skipped."
    )
    if summary.skipped:
        raise DatasetError(
            f"{len(summary.skipped)} of {len(offered)} masks were skipped; see above"
        )
