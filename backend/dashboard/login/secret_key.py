"""The key that signs the dashboard's cookies: from the settings, or made once and kept."""

import os
import secrets
from pathlib import Path

from hemline.errors import SettingsError
from hemline.settings import Settings


def secret_key(settings: Settings) -> str:
    """HEMLINE_SECRET_KEY, or the content of HEMLINE_HOME/secret-key, which only its owner reads.

    Two backends that start at once in one home agree. Raises SettingsError if the file cannot be
    read or made.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.home_path / "secret-key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path} cannot be read or made ({error}); set HEMLINE_SECRET_KEY, or HEMLINE_HOME to "
            "a folder that can be written"
        ) from error
    if not key:
        raise SettingsError(f"{path} is empty; delete it, after which everybody must log in again")
    return key


def _make(path: Path) -> None:
    """Written aside and linked into place: of two who do it at once, the first counts."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
