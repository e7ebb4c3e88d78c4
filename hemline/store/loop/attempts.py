"""Work that may kill its process: counted before it begins, forgotten when it ends.

What is left in the table is what died. Whoever meets it too often passes it over, in words.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base
from hemline.store.database.insert import built_once, table_of
from hemline.store.tables.loop import Attempt


def begin_attempt(session: Session, work: str, *, known: int = 0) -> int:
    """The number of times that this work was begun and not ended, with this time: 1 and more.

    work: what it is, 255 characters at most. Commit before working.
    known: how often it was begun in vain as somebody else has counted.
    """
    values = {"work": work, "number": known + 1}
    number: int = session.execute(_begin(session), values).scalar_one()
    return number


def begun_before(session: Session, works: Sequence[str]) -> set[str]:
    """Those of these that were begun and have not ended."""
    return set(session.scalars(select(Attempt.work).where(Attempt.work.in_(works))))


def end_attempt(session: Session, work: str) -> None:
    """The process lives: the work ended, well or with an error."""
    session.execute(_END, {"work": work})


def end_attempts(session: Session, works: Sequence[str]) -> None:
    """The same of several."""
    session.execute(delete(Attempt).where(Attempt.work.in_(works)))


def _begin_statement(insert: Callable[[type[Base]], Insert]) -> ReturningInsert[int]:
    statement = insert(Attempt).values(begun_at=DatabaseTime())
    return statement.on_conflict_do_update(
        index_elements=["work"],
        set_={"number": Attempt.number + 1, "begun_at": statement.excluded.begun_at},
    ).returning(Attempt.number)


_begin = built_once(_begin_statement)
_END = delete(table_of(Attempt)).where(Attempt.work == bindparam("work"))
