"""The tables of what hosts share out among themselves."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from hemline.store.database.columns import Base, Words


class CardClaim(Base):
    """A GPU that a training has: for as long as its lease is renewed, by the database's time."""

    __tablename__ = "card_claim"

    card: Mapped[str] = mapped_column(Words(255), primary_key=True)  # the same in all containers
    owner: Mapped[str] = mapped_column(Words(128))
    lease_from: Mapped[datetime]  # later than now: the clock was put back, it has lapsed
    lease_until: Mapped[datetime]


class ScheduleTick(Base):
    """When the schedule's work of a kind was last begun, by the database's time."""

    __tablename__ = "schedule_tick"

    name: Mapped[str] = mapped_column(Words(64), primary_key=True)
    begun_at: Mapped[datetime]
