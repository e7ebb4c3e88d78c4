"""The shape that the project promises: import directions, sizes, documented settings, locks."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hemline.settings import Settings
from scripts import settings_page
from tests.import_graph import circles, import_graph

ROOT = Path(__file__).parent.parent
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PACKAGES = ("active_learning", "backend", "benchmarks", "hemline", "scripts", "worker")
LONGEST_FILE = 400
MOST_MODULES = 15  # in one folder
LONGEST_README = 150


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository. Skips in an unpacked archive, which has none of its own."""
    # The checkout may belong to another user than the one who tests, in a container for one.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--", *patterns]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listing.returncode != 0:
        pytest.skip("this folder is not a git checkout, so its own files cannot be told")
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_imports_run_one_way():
    """The contracts stand in pyproject.toml, under [tool.importlinter]."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_import_leads_back_to_where_it_began():
    """Circles of any length, also between files of one folder and through functions."""
    graph = import_graph(ROOT, PACKAGES)
    assert len(graph) > 300
    assert sum(len(names) for names in graph.values()) > 1000
    assert circles(graph) == []


def test_one_word_means_one_thing():
    """No two classes that others may use have one name, so that a name says which is meant."""
    places: dict[str, list[str]] = {}
    for path in tracked(*(f"{package}/*.py" for package in PACKAGES)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                places.setdefault(node.name, []).append(place)
    assert len(places) > 200
    assert {name: at for name, at in places.items() if len(at) > 1} == {}


def test_a_circle_of_imports_is_found(tmp_path):
    (tmp_path / "one").mkdir()
    for name, text in {
        "__init__": "",
        "a": "from one import b",
        "b": "def late():\n    import one.c",
        "c": "from one.a import x",
        "d": "import one.a",
        "e": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from one.f import x",
        "f": "from one.e import x",
    }.items():
        (tmp_path / "one" / f"{name}.py").write_text(text, encoding="utf-8")
    assert circles(import_graph(tmp_path, ["one"])) == [["one.a", "one.b", "one.c"]]


def test_no_file_grew_beyond_one_concept():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long


def test_every_module_says_what_it_holds():
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def rooms():
    """The folders of the product's packages, with the docstring of each."""
    for package in ("active_learning", "backend", "hemline", "worker"):
        for path in tracked(f"{package}/**/__init__.py"):
            yield path.parent, ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def test_every_room_says_what_lives_there_and_where_its_neighbours_are():
    short = [str(room.relative_to(ROOT)) for room, text in rooms() if len(text.splitlines()) < 3]
    assert not short
    gone = [
        f"{room.relative_to(ROOT)}: {name}"
        for room, text in rooms()
        for name in re.findall(r"`((?:\.\./|[a-z_]+/)*[a-z_]+\.py)`", text)
        if not any((base / name).exists() for base in (room, ROOT))
    ]
    assert not gone


def test_no_room_holds_more_than_a_newcomer_can_survey():
    full = {
        str(room.relative_to(ROOT)): number
        for room, _ in rooms()
        if (number := sum(path.stem != "__init__" for path in room.glob("*.py"))) > MOST_MODULES
    }
    assert not full


def test_the_readme_is_read_to_its_end():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README


def test_the_map_names_only_what_is_there():
    """Every file and folder in the walks and the table of docs/architecture.md."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+/[\w/.-]*)`", page))
    assert len(named) > 80
    assert not sorted(name for name in named if not (ROOT / name).exists())
    assert len(re.findall(r"^\d+\. ", page, re.MULTILINE)) > 25
    assert len(re.findall(r"^\| .*`", page, re.MULTILINE)) >= 25


def test_the_map_draws_every_room():
    """The tree at the top of docs/architecture.md names the folders that there are, by depth."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.split("```")[1]
    for package in ("backend", "worker", "active_learning", "hemline"):
        part = re.split(rf"^{package}/ ", drawn, flags=re.MULTILINE)[1]
        part = re.split(r"^\w", part, maxsplit=1, flags=re.MULTILINE)[0]
        rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert not {room for room in rooms if f"{room}/" not in part}, package


def test_the_examples_of_style_are_code_of_ours():
    """CONTRIBUTING.md quotes lines as "From `file`:" and indents them."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    quoted = re.findall(r"From\s`([\w/.]+)`:\n\n((?:    .*\n|\n)+)", page)
    assert len(quoted) == 3
    for name, lines in quoted:
        code = {line.strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()}
        assert not [line for line in lines.splitlines() if line.strip() not in code]


def test_the_settings_page_is_up_to_date():
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.render(), (
        "docs/settings.md is behind: run `python scripts/settings_page.py`"
    )


def test_every_setting_says_what_it_means():
    assert not [name for name, field in Settings.model_fields.items() if not field.description]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_and_hashes_everything_and_names_no_host(lock):
    text = lock.read_text(encoding="utf-8")
    requirements = text.replace("\\\n", "").splitlines()
    assert requirements
    assert not [
        line for line in requirements if not re.match(r"[\w.-]+==\S+.*--hash=sha256:", line)
    ]
    assert "://" not in text


@pytest.mark.parametrize("larger", ["requirements-dev.lock", "requirements-image.lock"])
def test_a_larger_lock_holds_what_the_runtime_lock_holds(larger):
    """What runs in a demo is what was tested, and what the container runs."""
    runtime, more = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", larger)
    )
    assert runtime
    assert runtime <= more


def test_no_file_names_a_package_file_by_its_address():
    address = re.compile(r"https?://[^ \"]*(/simple/|/packages/[0-9a-f]{2}/|\.whl|\.tgz)")
    named = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.md", "*.toml", "*.yml", "*.lock", "Makefile", "Dockerfile")
        if path != Path(__file__) and address.search(path.read_text(encoding="utf-8"))
    ]
    assert not named
