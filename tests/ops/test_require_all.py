"""Where nothing may skip, a skip fails the run; a GPU test may skip all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PASSES = "def test_it(): pass"
SKIPS = "import pytest\ndef test_it(): pytest.skip('Chromium is not installed')"
SKIPS_IN_A_FIXTURE = """
import pytest
@pytest.fixture
def server(): pytest.skip('PostgreSQL is not installed')
def test_it(server): pass
"""
SKIPS_AS_A_WHOLE = "import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass"
SKIPS_FOR_A_GPU = """
import pytest
@pytest.mark.gpu
def test_it(): pytest.skip('no GPU')
"""
SKIPS_FOR_A_MOUNT = SKIPS_FOR_A_GPU.replace("gpu", "mount")
IS_EXPECTED_TO_FAIL = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False"


@pytest.mark.parametrize(
    ("content", "passes_anywhere", "passes_where_all_is_required"),
    [
        (PASSES, True, True),
        (SKIPS, True, False),
        (SKIPS_IN_A_FIXTURE, True, False),
        (SKIPS_FOR_A_GPU, True, True),
        (SKIPS_FOR_A_MOUNT, True, True),
        (IS_EXPECTED_TO_FAIL, True, True),
    ],
)
def test_a_skip(tmp_path, content, passes_anywhere, passes_where_all_is_required):
    assert (_run(tmp_path, content, "0").returncode == 0) is passes_anywhere
    assert (_run(tmp_path, content, "1").returncode == 0) is passes_where_all_is_required


def test_the_reason_is_shown(tmp_path):
    assert "Chromium is not installed" in _run(tmp_path, SKIPS, "1").stdout


def test_a_whole_file_that_skips(tmp_path):
    no_tests_ran = 5
    assert _run(tmp_path, SKIPS_AS_A_WHOLE, "0").returncode == no_tests_ran
    required = _run(tmp_path, SKIPS_AS_A_WHOLE, "1")
    assert required.returncode not in (0, no_tests_ran)
    assert "skipped as a whole" in required.stdout


def _run(folder: Path, content: str, require_all: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_content.py").write_text(content)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = gpu\n")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HEMLINE_TEST_REQUIRE_ALL": require_all,
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.plugins.require_all",
            str(folder),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
