"""The command `hemline connect`."""

from typing import Annotated

import typer

from hemline.setting_values import web_address

app = typer.Typer()


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
) -> None:
    """Connect a Label Studio project: pre-filled tasks out, corrections in."""
    from hemline.labelstudio.client import LabelStudioClient
    from hemline.labelstudio.project.connect import connect as connect_project
    from hemline.settings import get_settings

    settings = get_settings()
    url = backend_url or settings.reachable_backend_url
    with LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key) as client:
        made = connect_project(
            client,
            settings,
            project_id,
            backend_url=url,
            review_fields=review_fields,
            clicks=clicks,
            on_step=lambda step: typer.echo(step),
        )
    shown = f", which shows {made.model_version}" if made.model_version else ""
    typer.echo(f"{settings.link_url}/projects/{project_id} is connected to {url}{shown}")
    for note in made.notes:
        typer.echo(note)
    if made.clicks_problem:
        typer.echo(f"No controls for clicks were added: {made.clicks_problem}", err=True)
    if not settings.webhook_secret:
        typer.echo(
            "HEMLINE_WEBHOOK_SECRET is empty: anyone who reaches the backend can send webhooks, so "
            "Label Studio is asked about each, which takes longer",
            err=True,
        )
