"""Secret settings out of files: NAME_FILE names the file that holds NAME, which is how containers
are given secrets that no environment shows."""

import os
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from hemline.errors import SettingsError

_LARGEST = 64 * 2**10  # bytes; no secret is longer


class SettingsWithFiles(BaseSettings):
    """Settings whose secrets (what `repr` leaves out) may be in files.

    Raises SettingsError for a file that cannot be read, or that is named beside the variable.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments count before files, and files before the environment."""
        return init_settings, _SecretFiles(settings_cls), env_settings


class _SecretFiles(PydanticBaseSettingsSource):
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        names = _names(field, f"{self.config.get('env_prefix')}{field_name.upper()}")
        found = next((name for name in names if os.environ.get(f"{name}_FILE")), None)
        key = names[0] if field.validation_alias else field_name
        return _read(found) if found else None, key, False

    def __call__(self) -> dict[str, Any]:
        found = {}
        for field_name, field in self.settings_cls.model_fields.items():
            if field.repr:
                continue
            value, key, _ = self.get_field_value(field, field_name)
            if value is not None:
                found[key] = value
        return found


def _names(field: FieldInfo, plain: str) -> list[str]:
    """The variables of a field, as docs/settings.md lists them."""
    alias = field.validation_alias
    return [str(name) for name in alias.choices] if isinstance(alias, AliasChoices) else [plain]


def _read(name: str) -> str:
    path = os.environ[f"{name}_FILE"]
    if os.environ.get(name):
        raise SettingsError(f"{name} and {name}_FILE are both set; unset one of them")
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise SettingsError(f"{name}_FILE: {path!r} is larger than any secret; name its file")
        return data.decode()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise SettingsError(
            f"{name}_FILE: {path!r} cannot be read ({why}); put the secret into it"
        ) from None
