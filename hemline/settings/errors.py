"""What is wrong with a setting, in one sentence that names its variable and shows no secret."""

import os
from collections.abc import Mapping

from pydantic import AliasChoices, ValidationError
from pydantic.fields import FieldInfo

from hemline.redaction import redact

_SHOWN = 200  # characters of a wrong value
_WHERE = "see docs/settings.md"

Fields = Mapping[str, FieldInfo]


def sentence(error: ValidationError, fields: Fields) -> str:
    """The first of what is wrong; fields that `repr` leaves out are secrets and not shown."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return message  # of several settings, which it names
    location = str(first["loc"][0])
    message = message[:1].lower() + message[1:]
    field = _field(location, fields)
    variable = _variable(location, field)
    if field is not None and not field.repr:
        return f"{variable} cannot be used: {message}; {_WHERE}"
    shown = redact(str(first["input"]))[:_SHOWN]
    return f"{variable} is {shown!r}: {message}; {_WHERE}"


def _field(location: str, fields: Fields) -> FieldInfo | None:
    """The field at a validation error's location, which is an alias or a field's name."""
    for name, field in fields.items():
        if location in (name, *_names(field)):
            return field
    return None


def _variable(location: str, field: FieldInfo | None) -> str:
    """The environment variable that has the value: of several names, the first that is set."""
    names = _names(field) if field is not None else []
    if not names:
        return f"HEMLINE_{location.upper()}"
    return next((name for name in names if name in os.environ), names[0])


def _names(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    return [str(name) for name in alias.choices] if isinstance(alias, AliasChoices) else []
