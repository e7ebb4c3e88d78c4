"""Projects: the Label Studio projects that Hemline pre-fills."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.database.clock import DatabaseTime
from hemline.store.database.insert import insert_into
from hemline.store.tables.loop import Project

_RETURN_FRESH = {"populate_existing": True}


def upsert_project(
    session: Session,
    *,
    ls_project_id: int,
    ls_key: str = "",
    title: str | None = None,
    label_config: str | None = None,
    problem: str | None = None,
) -> Project:
    """Inserts the project or updates what is given; an empty key and None leave the stored value.

    A label config that is given without a problem clears the problem.
    """
    given: dict[str, Any] = {
        key: value
        for key, value in (("ls_key", ls_key), ("title", title), ("label_config", label_config))
        if value not in (None, "")
    }
    if label_config is not None or problem is not None:
        given["problem"] = problem
    statement = insert_into(session, Project, ls_project_id=ls_project_id, **given)
    statement = statement.on_conflict_do_update(
        index_elements=["ls_project_id"], set_={**given, "updated_at": DatabaseTime()}
    )
    return session.scalars(statement.returning(Project), execution_options=_RETURN_FRESH).one()


def get_project(session: Session, ls_project_id: int) -> Project | None:
    return session.scalar(_PROJECT, {"ls_project": ls_project_id})


def known_project(session: Session, ls_project_id: int) -> Project:
    """The project. Raises StoreError if Hemline has never seen it."""
    project = get_project(session, ls_project_id)
    if project is None:
        raise StoreError(not_known(ls_project_id))
    return project


def not_known(ls_project_id: int) -> str:
    """The sentence that says so, and what to do."""
    return (
        f"project {ls_project_id} is not known; connect it with `hemline connect {ls_project_id}`"
    )


def list_projects(session: Session) -> Sequence[Project]:
    return session.scalars(select(Project).order_by(Project.ls_project_id)).all()


def set_not_read(session: Session, project_id: int, why: str | None) -> None:
    """Remembers why Label Studio's changes to the project could not be read; None: they were."""
    session.execute(update(Project).where(Project.id == project_id).values(not_read=why))


def set_reconciled(session: Session, project_id: int, until: datetime) -> None:
    """Remembers Label Studio's changes as seen up to `until`, with what lies under other labels;
    never moves back."""
    session.execute(
        update(Project)
        .where(Project.id == project_id, Project.layers_read.is_(False))
        .values(layers_read=True)
    )
    session.execute(
        update(Project)
        .where(
            Project.id == project_id,
            Project.reconciled_until.is_(None) | (Project.reconciled_until < until),
        )
        .values(reconciled_until=until)
    )


def forget_reconciled(session: Session, project_id: int) -> None:
    """Has the next reconcile read the whole project anew."""
    session.execute(update(Project).where(Project.id == project_id).values(reconciled_until=None))


def lock_project(session: Session, project_id: int) -> None:
    """Makes other transactions that lock this project wait until this one ends.

    What is read after it is what the one before has committed. SQLite has locked already.
    Raises StoreError if there is no such project.
    """
    # FOR NO KEY UPDATE: inserts of rows that point to the project need not wait.
    statement = select(Project.id).where(Project.id == project_id).with_for_update(key_share=True)
    if session.scalar(statement) is None:
        raise StoreError(
            f"project {project_id} is not in the store; open it in Label Studio or run "
            "`hemline connect`"
        )


_PROJECT = select(Project).where(Project.ls_project_id == bindparam("ls_project"))
