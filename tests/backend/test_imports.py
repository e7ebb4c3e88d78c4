"""What the backend's process loads before a network is needed."""

import os
import subprocess
import sys
from pathlib import Path

# Starts as `hemline backend` does, answers what needs no network, and says what is loaded.
_ANSWERS = """
import sys
from backend.app import KEY, create_app
from hemline.settings import Settings
from hemline.system.home import open_home
from hemline.store.database.engine import prepare_database

settings = Settings()
open_home(settings)
prepare_database(settings.database)
app = create_app(settings)
app.extensions[KEY].start()
client = app.test_client()
print([client.get(path).status_code for path in ("/livez", "/health", "/dashboard/log-in")])
app.extensions[KEY].stop()
print([name for name in ("torch", "lightning", "segmentation_models_pytorch", "sklearn")
       if name in sys.modules])
"""


def test_no_torch_is_loaded_before_a_network_is_needed(tmp_path: Path) -> None:
    """It takes seconds and hundreds of megabytes, which probes and pages need not wait for."""
    done = subprocess.run(
        [sys.executable, "-c", _ANSWERS],
        env={**os.environ, "HEMLINE_HOME": str(tmp_path), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    statuses, loaded = done.stdout.splitlines()[-2:]
    assert statuses == "[200, 200, 200]"
    assert loaded == "[]"
