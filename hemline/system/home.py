"""HEMLINE_HOME: corrections, photos, weights and the broker's queue, for one user alone."""

import os
from pathlib import Path

from hemline.errors import StoreError
from hemline.files import PRIVATE_FILE, PRIVATE_UMASK, make_private, make_private_folder
from hemline.settings import Settings

_FILES = ("hemline.db*", "redis.sock", "redis/*", "redis/appendonlydir/*", "secret-key", "beat-*")


def open_home(settings: Settings) -> Path:
    """The home, made if it is missing, and closed to others whatever the umask is and was.

    What this process writes from now on is private too: for processes that serve, whose files all
    lie there. Raises StoreError if it cannot be made.
    """
    os.umask(PRIVATE_UMASK)
    home = settings.home_path
    try:
        make_private_folder(home)
        for folder in ("redis", "redis/appendonlydir"):
            make_private(home / folder, 0o700)
        for pattern in _FILES:
            for path in home.glob(pattern):
                if not path.is_symlink() and path.is_file():
                    make_private(path, PRIVATE_FILE)
    except OSError as error:
        raise StoreError(
            f"'{error.filename}' cannot be used ({error.strerror}); set HEMLINE_HOME to a folder "
            "that can be written"
        ) from error
    return home
