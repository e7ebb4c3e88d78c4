"""The commands `hemline backend` and `hemline people`."""

import typer

from backend.dashboard.login import commands as people

app = typer.Typer()
app.add_typer(people.app, name="people")


@app.command()
def backend() -> None:
    """Serve Label Studio's ML protocol, webhooks, the dashboard, health and metrics."""
    from backend.server import serve
    from hemline.home import open_home
    from hemline.settings import get_settings
    from hemline.store.database.engine import Store

    settings = get_settings()
    open_home(settings)
    store = Store(settings.database)
    # One's own SQLite file is brought up to date at once; a shared server is not altered by
    # whoever starts first.
    if settings.database.startswith("sqlite"):
        store.upgrade()
    else:
        store.check_schema()
    store.dispose()
    serve(settings)
