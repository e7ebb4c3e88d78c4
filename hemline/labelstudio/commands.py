"""The command `hemline connect`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from hemline.setting_values import web_address

app = typer.Typer()

_Keep = Callable[[dict[str, Any], Sequence[str], str | None], "LabelsInWords"]


@dataclass(frozen=True, slots=True)
class LabelsInWords:
    """What a project's labels are pre-filled with, and in which regions, in lines for people; and
    whether that gives the project a first model."""

    lines: tuple[str, ...] = ()
    first_model: bool = False


def _leave_labels(
    project: dict[str, Any], options: Sequence[str], regions_per: str | None
) -> LabelsInWords:
    return LabelsInWords()


_keep_labels: _Keep = _leave_labels


def keep_labels_with(keep: _Keep) -> None:
    """Has `connect` give a project, as Label Studio has it, and its options `--map` and `--regions`
    to this function: what is stored, and what models know, is not this package's."""
    global _keep_labels
    _keep_labels = keep


def _address(value: str) -> str:
    try:
        return web_address(value.strip())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command()
def connect(
    project_id: Annotated[int, typer.Argument(help="Number of the project in Label Studio.")],
    backend_url: Annotated[
        str,
        typer.Option(
            callback=_address,
            help=(
                "Address at which Label Studio reaches the backend. Default: HEMLINE_BACKEND_URL, "
                "else HOST and PORT."
            ),
        ),
    ] = "",
    review_fields: Annotated[
        bool,
        typer.Option(
            "--review-fields",
            help="Add the reasons to review a task, and a choice of verdicts, to the label config.",
        ),
    ] = False,
    clicks: Annotated[
        bool,
        typer.Option(
            help="Add a point and a box to the label config, which masks are corrected with."
        ),
    ] = True,
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="The starter's classes that a label is pre-filled with until the first training, "
            "such as 'my label=dress,skirt'; 'my label=' opens empty, 'my label=auto' goes by its "
            "name again. May be given several times.",
        ),
    ] = None,
    regions_per: Annotated[
        Literal["per-label", "per-part"] | None,
        typer.Option(
            "--regions",
            help="What is one region of a pre-fill: all of a label, or each part of it that lies "
            "apart, such as each shoe. Stays as it is unless given; per-label at first.",
        ),
    ] = None,
) -> None:
    """Connect a Label Studio project: pre-filled tasks out, corrections in."""
    from hemline.labelstudio.client import LabelStudioClient
    from hemline.labelstudio.project.connect import connect as connect_project
    from hemline.settings import get_settings

    settings = get_settings()
    url = backend_url or settings.reachable_backend_url
    with LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key) as client:
        labels = _keep_labels(client.get_project(project_id), label_map or [], regions_per)
        made = connect_project(
            client,
            settings,
            project_id,
            backend_url=url,
            review_fields=review_fields,
            clicks=clicks,
            first_model=labels.first_model,
            on_step=lambda step: typer.echo(step),
        )
    shown = f", which shows {made.model_version}" if made.model_version else ""
    typer.echo(f"{settings.link_url}/projects/{project_id} is connected to {url}{shown}")
    for note in (*made.notes, *labels.lines):
        typer.echo(note)
    if made.clicks_problem:
        typer.echo(f"No controls for clicks were added: {made.clicks_problem}", err=True)
    if not settings.webhook_secret:
        typer.echo(
            "HEMLINE_WEBHOOK_SECRET is empty: anyone who reaches the backend can send webhooks, so "
            "Label Studio is asked about each, which takes longer",
            err=True,
        )
