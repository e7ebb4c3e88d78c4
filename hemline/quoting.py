"""What anybody may have sent, within a sentence: short, and fit to be written anywhere."""

import re

_LONGEST = 60

# Line breaks and tabs are kept; what moves a terminal's cursor, and what no UTF-8 has, is not.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def quoted(value: object) -> str:
    """A text, number, truth value or None as Python writes it, cut; the name of any other type.

    >>> quoted("x" * 100)[-8:]
    "xxxx'..."
    >>> quoted([[[]]])
    'a list'
    """
    if isinstance(value, str):
        return repr(value[:_LONGEST]) + ("..." if len(value) > _LONGEST else "")
    if value is None or isinstance(value, bool | int | float):
        text = repr(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"a {type(value).__name__}"


def writable(text: str) -> str:
    r"""The text with U+FFFD for control characters and for half surrogate pairs, which neither a
    file in UTF-8 nor a database takes.

    >>> writable("by \x1b[2J\ud800")
    'by �[2J�'
    """
    return _UNWRITABLE.sub("\ufffd", text)
