"""Commands of the store."""

import typer

from hemline.store.backup.commands import backup, restore

app = typer.Typer()
for command in (backup, restore):
    app.command()(command)


@app.command()
def migrate() -> None:
    """Create the database, or bring its tables to this version of Hemline."""
    from hemline.settings import get_settings
    from hemline.store.database.engine import Store  # keeps `hemline --help` quick
    from hemline.system.home import open_home

    settings = get_settings()
    open_home(settings)
    store = Store(settings.database)
    store.upgrade()
    store.dispose()
    typer.echo(f"The database {store.name} is up to date.")
