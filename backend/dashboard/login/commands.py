"""`hemline people`: who may log in to the dashboard."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hemline.store.database.engine import Store

app = typer.Typer(help="Manage who can log in to the dashboard.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name to log in with, such as an email address.")]


@app.command()
def add(
    name: Name,
    role: Annotated[
        str, typer.Option(help="viewer: look; reviewer: also give verdicts; admin: everything.")
    ] = "viewer",
) -> None:
    """Add a person who can log in. Asks for a password, or reads it from standard input."""
    from backend.dashboard.login.passwords import hash_password
    from hemline.errors import HemlineError
    from hemline.store.people import add_person
    from hemline.store.states import Role

    if role not in list(Role):
        raise HemlineError(f"unknown role '{role}'; choose from {', '.join(Role)}")
    store, password_hash = _store(), hash_password(_read_password())
    with store.session() as session:
        add_person(session, name, password_hash, Role(role))
    typer.echo(f"{name} may log in to the dashboard as {role}.")


@app.command(name="list")
def list_() -> None:
    """List who can log in."""
    from hemline.store.people import list_people

    with _store().reading() as session:
        people = list_people(session)
    for person in people:
        seen = f"{person.last_login_at:%Y-%m-%d %H:%M} UTC" if person.last_login_at else "never"
        typer.echo(f"{person.name}\t{person.role}\tlast login: {seen}")
    if not people:
        typer.echo("Nobody can log in yet; run `hemline people add NAME --role admin`.")


@app.command()
def logins(
    newest: Annotated[int, typer.Option(min=1, help="How many to list.")] = 50,
) -> None:
    """List logins and failed attempts, the newest first: when, who, and from which address."""
    from hemline.store.log_in_limits import FAILED
    from hemline.store.people import LOGGED_IN, list_events_of

    with _store().reading() as session:
        events = list_events_of(session, (LOGGED_IN, FAILED), limit=newest)
    for event in events:
        outcome = "failed" if event.action == FAILED else "logged in"
        address = event.details.get("address", "")
        typer.echo(f"{event.at:%Y-%m-%d %H:%M} UTC\t{event.person}\t{outcome}\t{address}".rstrip())
    if not events:
        typer.echo("Nobody has tried to log in yet.")


@app.command()
def remove(name: Name) -> None:
    """Remove a person, who can then no longer log in."""
    from hemline.store.people import remove_person

    with _store().session() as session:
        remove_person(session, name)
    typer.echo(f"{name} can no longer log in.")


@app.command()
def set_password(name: Name) -> None:
    """Set a person's password, and end their logins."""
    from backend.dashboard.login.passwords import hash_password
    from hemline.store.people import set_password as store_password

    store, password_hash = _store(), hash_password(_read_password())
    with store.session() as session:
        store_password(session, name, password_hash)
    typer.echo(f"{name} has a new password and must log in again.")


def _store() -> "Store":
    from hemline.settings import get_settings
    from hemline.store.database.engine import open_store

    return open_store(get_settings().database)


def _read_password() -> str:
    """Asked for twice on a terminal; otherwise the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
