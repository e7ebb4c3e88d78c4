"""Which training has which GPU: claimed by one, renewed while it lives, free again afterwards."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from hemline.store.database.clock import database_now
from hemline.store.database.insert import insert_into
from hemline.store.tables.hosts import CardClaim


def claim_card(
    session: Session, card: str, owner: str, lease_s: float, *, now: datetime | None = None
) -> bool:
    """Takes the card for `lease_s` seconds if nobody has it or its owner fell silent.

    card: a name that all hosts and containers have for this card alone, 255 characters at most.
    True for exactly one of those who try at once.
    """
    moment = now or database_now(session)
    length = timedelta(seconds=lease_s)
    statement = insert_into(
        session,
        CardClaim,
        card=card,
        owner=owner,
        lease_from=moment - length,
        lease_until=moment + length,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["card"],
        set_={
            "owner": statement.excluded.owner,
            "lease_from": statement.excluded.lease_from,
            "lease_until": statement.excluded.lease_until,
        },
        where=or_(CardClaim.lease_until < moment, CardClaim.lease_from > moment),
    )
    return session.scalar(statement.returning(CardClaim.card)) is not None


def renew_card(
    session: Session, card: str, owner: str, lease_s: float, *, now: datetime | None = None
) -> bool:
    """Keeps the card for `lease_s` seconds from now; False if somebody else has it by now.

    A claim that lapsed is still its owner's as long as nobody else took the card.
    """
    moment = now or database_now(session)
    length = timedelta(seconds=lease_s)
    statement = (
        update(CardClaim)
        .where(CardClaim.card == card, CardClaim.owner == owner)
        .values(lease_from=moment - length, lease_until=moment + length)
    )
    return session.scalar(statement.returning(CardClaim.card)) is not None


def release_card(session: Session, card: str, owner: str) -> None:
    """Gives the card back, if it is `owner`'s."""
    session.execute(delete(CardClaim).where(CardClaim.card == card, CardClaim.owner == owner))
