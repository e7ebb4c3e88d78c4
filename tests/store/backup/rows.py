"""Rows of every table with odd values, whatever columns it has, and a look at all of them."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Text,
    cast,
    insert,
    null,
    select,
    text,
)
from sqlalchemy.sql.schema import Column

from hemline.store.backup.copy_rows import TABLES
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.columns import UtcDateTime
from hemline.store.database.engine import Store

ROWS = 12  # of each table
_ODD = ("", "Kleid №7 👗", "a'b\"c;--", "line\nbreak\tand\\n", "%s %(x)s :name", "ﬁ\u0301", " ")
_JSON: tuple[Any, ...] = (
    {},
    {"a": None, "b": [1, 2.5, -1e-9, True], "ключ": "👗", "n": {"deep": [[]]}},
    {"quote's": '"\\"', "big": 2**53, "point": 0.1},
)


def fill(store: Store, artifacts: ArtifactStore, seed: int = 1) -> None:
    """Rows in every table; what a column calls a digest is an artifact's."""
    rng = random.Random(seed)
    with store.session() as session:
        for table in TABLES:
            for number in range(1, ROWS + 1):
                row = {c.key: _value(c, number, rng, artifacts) for c in table.c}
                session.execute(insert(table).values(row))
        if session.get_bind().dialect.name == "postgresql":
            for table in TABLES:  # as if the rows had come one after another
                if table.autoincrement_column is not None:
                    name = f"pg_get_serial_sequence('{table.name}', 'id')"
                    session.execute(text(f"SELECT setval({name}, {ROWS})"))


def _value(column: Column[Any], number: int, rng: random.Random, artifacts: ArtifactStore) -> Any:
    if column.foreign_keys:
        return None if column.nullable and number % 3 == 0 else _referred(column, number)
    if column.primary_key and isinstance(column.type, Integer):
        return number
    if column.nullable and rng.random() < 0.3:
        return null()
    if "digest" in column.name:
        content = f"{column.table.name} {column.name} {number}"
        if column.table.name == "dataset_snapshot":  # a manifest, which names masks
            content = json.dumps({"labels": [content], "items": []})
        return artifacts.put(content.encode(), "artifact")
    return _of_type(column, number, rng)


def _of_type(column: Column[Any], number: int, rng: random.Random) -> Any:
    kind = column.type
    if isinstance(kind, Enum):
        members = list(kind.enum_class or ())
        if column.table.name == "model_version":  # one champion at most
            return members[1 + number % (len(members) - 1)]
        return members[number % len(members)]
    if isinstance(kind, UtcDateTime):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number, microseconds=number)
    if isinstance(kind, JSON):
        if column.name in {"figures", "counts"}:
            return {"items": [], "n": number}
        return _JSON[number % len(_JSON)] if number % 4 else JSON.NULL
    if isinstance(kind, Boolean):
        return rng.random() < 0.5
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, Float):
        return rng.choice((0.1, -1e-300, 1 / 3, 12345.678901234567))
    if isinstance(kind, LargeBinary):
        return rng.randbytes(20)
    length = getattr(kind, "length", None) or 200
    return f"{number} {_ODD[number % len(_ODD)]}"[:length]


def _referred(column: Column[Any], number: int) -> int:
    own = next(iter(column.foreign_keys)).column.table is column.table
    return max(1, number - 1) if own else number


def all_rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every value of every table, with NULL told from the JSON null."""
    with store.reading() as session:
        return {
            table.name: [
                tuple(
                    json.loads(value)
                    if isinstance(c.type, JSON) and value is not None
                    else (value,)
                    for c, value in zip(table.c, row, strict=True)
                )
                for row in session.execute(
                    select(
                        *(cast(c, Text) if isinstance(c.type, JSON) else c for c in table.c)
                    ).order_by(*table.primary_key)
                )
            ]
            for table in TABLES
        }
