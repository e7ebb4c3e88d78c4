"""The wheel: an installed Hemline has its migrations and recipes inside its package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    builder = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(builder, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("hemline-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["recipes", "migrations"])
def test_data_is_where_the_installed_package_looks(contents, folder):
    files = [
        path
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert files
    assert {f"hemline/{path.relative_to(ROOT)}" for path in files} <= contents


def test_all_packages_are_in_it(contents):
    for package in ("active_learning", "backend", "hemline", "worker"):
        assert f"{package}/__init__.py" in contents


def test_nothing_else_is_in_it(contents):
    tops = {name.partition("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "active_learning",
        "backend",
        "hemline",
        "worker",
    }
