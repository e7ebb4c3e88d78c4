"""The command `hemline connect`."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def connect(
    project_id: Annotated[int, typer.Argument(help="Number of the project in Label Studio.")],
    backend_url: Annotated[
        str,
        typer.Option(
            help="Address of the backend as Label Studio reaches it. Default: HOST and PORT."
        ),
    ] = "",
) -> None:
    """Connect a Label Studio project: pre-filled tasks out, corrections in."""
    from hemline.labelstudio.client import LabelStudioClient
    from hemline.labelstudio.connect import connect as connect_project
    from hemline.settings import get_settings

    settings = get_settings()
    url = backend_url or f"http://{settings.host}:{settings.port}"
    with LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key) as client:
        made = connect_project(
            client, settings, project_id, backend_url=url, on_step=lambda step: typer.echo(step)
        )
    shown = f", which shows {made.model_version}" if made.model_version else ""
    typer.echo(f"{settings.link_url}/projects/{project_id} is connected to {url}{shown}")
    if not settings.webhook_secret:
        typer.echo(
            "HEMLINE_WEBHOOK_SECRET is empty: anyone who reaches the backend can send corrections",
            err=True,
        )
