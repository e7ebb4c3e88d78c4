"""The commands `hemline backend` and `hemline people`."""

import typer

from backend.dashboard.login import commands as people

app = typer.Typer()
app.add_typer(people.app, name="people")


@app.command()
def backend() -> None:
    """Serve Label Studio's ML protocol, webhooks, the dashboard, health and metrics."""
    from backend.server import serve
    from hemline.settings import get_settings
    from hemline.store.database.engine import prepare_database
    from hemline.store.database.storage_url import check_url
    from hemline.system.home import open_home

    settings = get_settings()
    open_home(settings)
    check_url(settings.artifacts)
    prepare_database(settings.database)
    serve(settings)
