"""Words that people read are plain English: sentences of errors, help, pages and guides."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("active_learning", "backend", "hemline", "scripts", "worker")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/dashboard.md",
    "docs/settings.md",
    "docs/guides",
    "backend/dashboard/templates",
)
ODD = re.compile(
    r"\b(?:(?<!there )(?:is|are|was) no(?! longer)|(?:is|are) none of|anew|afresh|"
    r"mend(?:s|ed|ing)?|which there is not|known by nobody|by nobody known|in vain|"
    r"as it stands|stands? here|not told|is told|be told|exclude each other|not looked into)\b",
    re.IGNORECASE,
)


def literals(source: str) -> Iterator[tuple[int, str]]:
    """The sentences in a module's strings, with `?` for what is filled in; docstrings are left out
    but for those of commands, which are help."""
    tree = ast.parse(source)
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner.update(node.values)
        elif isinstance(node, ast.Expr):
            inner.add(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and "command" in "".join(
            ast.unparse(each) for each in node.decorator_list
        ):
            yield node.lineno, ast.get_docstring(node) or ""
        elif isinstance(node, ast.JoinedStr):
            parts = [str(p.value) if isinstance(p, ast.Constant) else "?" for p in node.values]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield node.lineno, node.value


def sentences() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for line, text in literals(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}:{line}", text
    for name in PAGES:
        here = ROOT / name
        for path in [here] if here.is_file() else sorted(here.rglob("*.*")):
            for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                yield f"{path.relative_to(ROOT)}:{line}", text


def test_words_that_people_read_are_plain() -> None:
    odd = [
        f"{place}: {found[0]!r} in {' '.join(text.split())!r}"
        for place, text in sentences()
        if " " in text.strip() and (found := ODD.search(text))
    ]
    assert not odd, "say it in plain English:\n" + "\n".join(odd)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("raise ValueError(f'{x} is no key')", "? is no key"),
        ("@app.command()\ndef retry() -> None:\n    'Work on those anew.'", "Work on those anew."),
        ("flash('Mend the mask')", "Mend the mask"),
    ],
)
def test_odd_words_are_found_where_people_read_them(source: str, text: str) -> None:
    assert text in [found for _, found in literals(source)]
    assert ODD.search(text)


@pytest.mark.parametrize("text", ["there is no page", "is no longer owned", "recommend a label"])
def test_plain_words_are_let_through(text: str) -> None:
    assert not ODD.search(text)
