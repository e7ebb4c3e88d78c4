"""Real photos for tests: the folder `shared` beside the checkout, where there is one."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """`../shared/data`; tests that ask for it are marked `shared`, and skip without it."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the real photos of ../shared/data are not on this machine")
    return folder
