"""Settings as the environment of a child process, and nothing of ours from outside with them."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from pydantic import AliasChoices

from hemline.settings import Settings


def child_environment(settings: Settings) -> dict[str, str]:
    """Our environment with every setting replaced: a child gets these settings and no others."""
    names = {name for field in Settings.model_fields for name in _names(field)}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    return inherited | settings_environment(settings)


def settings_environment(settings: Settings) -> dict[str, str]:
    """The variables that say what these settings say; a setting of None has none."""
    return {
        _names(field)[0]: _text(value)
        for field in Settings.model_fields
        if (value := getattr(settings, field)) is not None
    }


def shell_exports(variables: Mapping[str, str]) -> str:
    """Lines for a shell to read with `.`, so that commands speak to this deployment."""
    return "".join(
        f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())
    )


def _names(field: str) -> list[str]:
    """The variables that set a field, the one that counts first."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"HEMLINE_{field.upper()}"]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    return str(value)
