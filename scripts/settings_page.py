"""Writes docs/settings.md from the settings themselves; a test fails when the page is behind."""

from pathlib import Path

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from hemline.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

INTRODUCTION = """\
# Settings

Every setting is an environment variable. If a setting has several names, the first one that is set
counts. Settings that Label Studio also has keep its names; the others begin with `HEMLINE_`. A
secret or an address that may hold one, such as `DATABASE_URL`, is also read from the file that
`DATABASE_URL_FILE` names. This page is generated from `hemline/settings/` by
`python scripts/settings_page.py`.

| Variable | Default | Meaning |
|---|---|---|
"""


def render() -> str:
    """The page as Markdown."""
    rows = (_row(name, field) for name, field in Settings.model_fields.items())
    return INTRODUCTION + "".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [f"HEMLINE_{name.upper()}"]
    variables = ", ".join(f"`{choice}`" for choice in choices)
    return f"| {variables} | {_plain(field.default)} | {field.description} |\n"


def _plain(default: object) -> str:
    if isinstance(default, tuple):  # as the variable has it
        default = ",".join(default)
    return "" if default in (None, "") else f"`{default}`"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
