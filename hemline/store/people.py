"""People: who may log in to the dashboard, and what each of them changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.database.clock import database_now
from hemline.store.database.columns import Json
from hemline.store.states import Role
from hemline.store.tables.review import AuditEvent, LogInCount, Person

LOGGED_IN = "log in"
_ORDER = (Role.VIEWER, Role.REVIEWER, Role.ADMIN)


def may(role: Role, needed: Role) -> bool:
    """Whether `role` may do what `needed` may: an admin does what a reviewer does, and so on."""
    return _ORDER.index(role) >= _ORDER.index(needed)


def add_person(session: Session, name: str, password_hash: str, role: Role) -> Person:
    """A new person. Raises StoreError if there is one of that name."""
    now = database_now(session)
    person = Person(name=name, password_hash=password_hash, role=role, logins_valid_from=now)
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        raise StoreError(
            f"{name!r} already exists; change the password with `hemline people "
            "set-password`, or remove the person first"
        ) from error
    return person


def list_people(session: Session) -> Sequence[Person]:
    return session.scalars(select(Person).order_by(Person.name)).all()


def find_person(session: Session, name: str) -> Person | None:
    return session.scalar(select(Person).where(Person.name == name))


def get_person(session: Session, person_id: int) -> Person | None:
    return session.get(Person, person_id)


def remove_person(session: Session, name: str) -> None:
    """Forgets the person, whose audit events stay. Raises StoreError if there is none."""
    if session.scalar(delete(Person).where(Person.name == name).returning(Person.id)) is None:
        raise _unknown(name)


def set_password(
    session: Session, name: str, password_hash: str, *, now: datetime | None = None
) -> None:
    """Replaces the password, ends the person's logins and forgets attempts at the name.

    Raises StoreError if there is no such person.
    """
    changed = session.scalar(
        update(Person)
        .where(Person.name == name)
        .values(password_hash=password_hash, logins_valid_from=now or database_now(session))
        .returning(Person.id)
    )
    if changed is None:
        raise _unknown(name)
    session.execute(delete(LogInCount).where(LogInCount.name == name))


def note_login(session: Session, person_id: int, *, now: datetime | None = None) -> None:
    session.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(last_login_at=now or database_now(session))
    )


def end_logins(session: Session, person_id: int, *, now: datetime | None = None) -> None:
    """Makes every login of the person from before `now` worthless, on every device."""
    session.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(logins_valid_from=now or database_now(session))
    )


def record_event(
    session: Session,
    person: str,
    action: str,
    *,
    project_id: int | None = None,
    target: str = "",
    details: Json | None = None,
) -> None:
    """Writes an audit event; call it in the transaction of the action itself.

    action: a verb, such as "promote"; target: what was acted on, such as "version 3".
    """
    session.add(
        AuditEvent(
            person=person,
            action=action,
            project_id=project_id,
            target=target,
            details=details or {},
        )
    )
    session.flush()


def list_events(
    session: Session, project_id: int | None = None, *, limit: int = 100
) -> Sequence[AuditEvent]:
    """The newest audit events of one project or of all, newest first."""
    statement = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(AuditEvent.project_id == project_id)
    return session.scalars(statement).all()


def _unknown(name: str) -> StoreError:
    return StoreError(f"unknown person {name!r}; see `hemline people list`")


def list_events_of(session: Session, actions: Sequence[str], *, limit: int) -> Sequence[AuditEvent]:
    """The newest audit events of these actions, newest first."""
    newest = select(AuditEvent).where(AuditEvent.action.in_(actions))
    return session.scalars(newest.order_by(AuditEvent.id.desc()).limit(limit)).all()
