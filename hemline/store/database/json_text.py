"""JSON that every database takes, whatever people and other programs have put into it."""

import json
import math
import re
from typing import Any

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def to_json(value: Any) -> str:
    """`value` as JSON text, with null for what is no finite number, and without U+0000 and half
    surrogate pairs: PostgreSQL's JSONB refuses them all.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False)
    if "\\u0000" in text:
        text = _NUL.sub(r"\1\\ufffd", text)
    return text.encode("utf-8", "replace").decode("utf-8")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
