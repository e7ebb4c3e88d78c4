"""Whether a stored JSON object has a key, whatever characters the key is made of."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from hemline.store.database.columns import Json, Words


class _HasKey(FunctionElement[bool]):
    name = "has_key"
    type = Boolean()
    inherit_cache = True


def has_key(column: InstrumentedAttribute[Json], key: str) -> ColumnElement[bool]:
    """True for rows whose JSON object has that key.

    Not `column[key]`: that is a path on SQLite, where a quote in the key ends the path.
    """
    return _HasKey(column, literal(key, Words()))


@compiles(_HasKey, "postgresql")
def _on_postgresql(element: _HasKey, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_exists({compiler.process(element.clauses, **options)})"


@compiles(_HasKey, "sqlite")
def _on_sqlite(element: _HasKey, compiler: SQLCompiler, **options: Any) -> str:
    column, key = (compiler.process(part, **options) for part in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE json_each.key = {key})"
