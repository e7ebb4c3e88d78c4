"""Conversions: what a model's weights became for a runtime, or why they did not."""

from sqlalchemy.orm import Session

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.insert import insert_into
from hemline.store.tables.loop import Conversion


def find_conversion(
    session: Session, weights_digest: str, precision: str, made_by: str
) -> Conversion | None:
    """What a converter made of these weights; None if it has not been asked."""
    return session.get(Conversion, (weights_digest, precision, made_by))


def best_conversion(session: Session, weights_digest: str, made_by: str) -> Conversion | None:
    """The quickest form of these weights that draws as well as they do; None if there is none."""
    for precision in ("int8", "fp32"):
        found = find_conversion(session, weights_digest, precision, made_by)
        if found is not None and found.digest is not None:
            return found
    return None


def record_conversion(
    session: Session,
    weights_digest: str,
    precision: str,
    made_by: str,
    digest: str | None,
    *,
    problem: str = "",
) -> None:
    """Keeps what a converter made, in place of what it made before.

    digest: the artifact; None where these weights cannot be used so, and `problem` says why.
    """
    values = {"digest": digest, "problem": problem or None, "created_at": DatabaseTime()}
    insert = insert_into(
        session,
        Conversion,
        weights_digest=weights_digest,
        precision=precision,
        made_by=made_by,
        **values,
    )
    keys = ["weights_digest", "precision", "made_by"]
    session.execute(insert.on_conflict_do_update(index_elements=keys, set_=values))
