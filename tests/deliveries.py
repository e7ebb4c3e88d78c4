"""Deliveries as the backend stores them, one at a time."""

from sqlalchemy.orm import Session

from hemline.store.database.columns import Json
from hemline.store.loop.deliveries import record_deliveries


def record_delivery(
    session: Session, *, digest: str, action: str, ls_project_id: int | None, payload: Json
) -> int | None:
    """Stores the delivery and returns its id; None if one of that digest is stored already."""
    delivery = {
        "digest": digest,
        "action": action,
        "ls_project_id": ls_project_id,
        "payload": payload,
    }
    return record_deliveries(session, [delivery]).get(digest)
