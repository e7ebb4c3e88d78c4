"""What the backend does not load before it answers: each of these takes a tenth of its start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_HEAVY = (
    "alembic",
    "celery",
    "kombu",
    "lightning",
    "matplotlib",
    "nncf",
    "pandas",
    "redis",
    "scipy",
    "skimage",
    "sklearn",
    "torch",
    "torchvision",
)
_BACKEND = """
from pathlib import Path
from backend.app import create_app
from backend.server import serve
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.runtime.choice import preload_runtime
from hemline.settings import get_settings
from hemline.store.database.engine import prepare_database
settings = get_settings()
prepare_database(settings.database)
preload_runtime(settings.runtime, settings.device)
client = create_app(settings).test_client()
assert client.get("/livez").status_code == 200
"""
_HELP = """
from hemline.cli import build_app
build_app()
"""
_HEAVY_FOR_HELP = (*_HEAVY, "cv2", "httpx", "numpy", "openvino", "pydantic", "sqlalchemy")


@pytest.mark.parametrize(("script", "heavy"), [(_BACKEND, _HEAVY), (_HELP, _HEAVY_FOR_HELP)])
def test_heavy_modules_are_left_out(
    script: str, heavy: tuple[str, ...], sqlite_template: Path
) -> None:
    loaded = f"{script}\nimport sys\nprint('loaded', *sorted(set({heavy!r}) & set(sys.modules)))"
    env = os.environ | {
        "DATABASE_URL": f"sqlite:///{sqlite_template}",
        "DEVICE": "cpu",
        "HEMLINE_HOME": str(sqlite_template.parent),
        "HEMLINE_RUNTIME": "openvino",
        "LOG_LEVEL": "ERROR",
        "REDIS_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", loaded], env=env, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip().splitlines()[-1] == "loaded"
