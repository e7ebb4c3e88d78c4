"""The demo's person for the dashboard: Label Studio's demo account, once more."""

import subprocess
import sys
from pathlib import Path

from hemline.demo.environment import child_environment
from hemline.errors import HemlineError
from hemline.labelstudio.server import Account
from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.people import find_person


def add_admin(settings: Settings, account: Account) -> None:
    """Lets the account log in to the dashboard as admin, unless it may already.

    The backend has to have started once, since it makes the store. Raises HemlineError if
    `hemline people` fails.
    """
    store = Store(settings.database)
    try:
        with store.reading() as session:
            if find_person(session, account.email) is not None:
                return
    finally:
        store.dispose()
    added = subprocess.run(
        [
            str(Path(sys.executable).with_name("hemline")),
            "people",
            "add",
            account.email,
            "--role",
            "admin",
        ],
        env=child_environment(settings),
        input=f"{account.password}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if added.returncode:
        raise HemlineError(
            f"cannot create the dashboard account: {added.stderr.strip() or added.stdout}"
        )
