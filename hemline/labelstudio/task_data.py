"""A field of a task's data by the name that label configs have for it."""

import re
from collections.abc import Mapping
from typing import Any


def find_field(data: Mapping[str, Any], name: str) -> Any:
    """The value at "image", "photo.url" or "images[0].url", as Label Studio finds it: a key that is
    spelled like the whole name comes first. None if there is none.

    >>> find_field({"photo": {"urls": ["a.jpg"]}}, "photo.urls[0]")
    'a.jpg'
    >>> find_field({"photo.url": "b.jpg", "photo": {"url": "c.jpg"}}, "photo.url")
    'b.jpg'
    """
    if name in data:
        return data[name]
    value: Any = data
    for part in re.findall(r"[^.\[\]]+", name):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
