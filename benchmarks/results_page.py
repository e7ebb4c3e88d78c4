"""A part of docs/results.md between two HTML comments, so that the other parts stay as they are."""

import argparse
from pathlib import Path

from hemline.files import write_atomically

PAGE = Path("docs/results.md")


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """`--out FILE`, the page to write a part of, and `--print` for none."""
    parser.add_argument("--out", type=Path, default=PAGE, help="page to write a part of")
    parser.add_argument(
        "--print", dest="out", action="store_const", const=None, help="write no page"
    )


def write_part(page: Path, name: str, text: str) -> None:
    """Put `text` where the part of that name stands on the page; at its end if it has none yet."""
    begin, end = f"<!-- {name}: made by program -->", f"<!-- {name}: end -->"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    part = f"{begin}\n\n{text.strip()}\n\n{end}"
    start, stop = old.find(begin), old.find(end)
    if start < 0 or stop < start:
        new = f"{old.rstrip()}\n\n{part}\n".lstrip()
    else:
        new = old[:start] + part + old[stop + len(end) :]
    write_atomically(page, new.encode())
