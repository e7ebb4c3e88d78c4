"""Work that may kill its process: counted before it begins, forgotten when it ends.

What is left in the table is what died. Whoever meets it too often passes it over, in words.
"""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.insert import insert_into
from hemline.store.tables.loop import Attempt


def begin_attempt(session: Session, work: str) -> int:
    """The number of times that this work was begun and not ended, with this time: 1 and more.

    work: what it is, 255 characters at most. Commit before working.
    """
    statement = insert_into(session, Attempt, work=work, number=1, begun_at=DatabaseTime())
    statement = statement.on_conflict_do_update(
        index_elements=["work"],
        set_={"number": Attempt.number + 1, "begun_at": statement.excluded.begun_at},
    )
    number: int = session.scalars(statement.returning(Attempt.number)).one()
    return number


def end_attempt(session: Session, work: str) -> None:
    """The process lives: the work ended, well or with an error."""
    session.execute(delete(Attempt).where(Attempt.work == work))
