"""What all tables share: their base, and column types that hold on every database."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Enum,
    MetaData,
    String,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase

from hemline.redaction import redact
from hemline.store.states import (
    ChannelOutcome,
    DeliveryState,
    JobKind,
    JobState,
    ModelState,
    ProblemSource,
    ReturnState,
    ReviewKind,
    ReviewState,
    Role,
    RunState,
    RunTrigger,
    ShadowState,
    Split,
    Verdict,
)

Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database: SQLite keeps no time zone by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"datetime {value!r} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that every database takes, whatever people and other programs have put into it.

    Cut to its length, without U+0000 (PostgreSQL refuses it) and half surrogate pairs (no UTF-8).
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        whole = value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
        return whole[: self.length]


class Sentence(Words):
    """What people read about a thing that went wrong: never with a secret, however old it is."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return super().process_bind_param(redact(value) if value else value, dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return redact(value) if value else value


def utcnow() -> datetime:
    return datetime.now(UTC)


def enum_column(kind: type[StrEnum]) -> Enum:
    return Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        name=kind.__name__.lower(),
    )


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        Json: JSON().with_variant(JSONB(), "postgresql"),
        list[str]: JSON().with_variant(JSONB(), "postgresql"),
        Split: enum_column(Split),
        ProblemSource: enum_column(ProblemSource),
        ModelState: enum_column(ModelState),
        ShadowState: enum_column(ShadowState),
        RunState: enum_column(RunState),
        RunTrigger: enum_column(RunTrigger),
        DeliveryState: enum_column(DeliveryState),
        ChannelOutcome: enum_column(ChannelOutcome),
        JobKind: enum_column(JobKind),
        JobState: enum_column(JobState),
        ReviewKind: enum_column(ReviewKind),
        ReviewState: enum_column(ReviewState),
        ReturnState: enum_column(ReturnState),
        Verdict: enum_column(Verdict),
        Role: enum_column(Role),
    }
