"""A real Chromium, started once, that asks no other machine for anything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# No name is looked up, and no other machine is asked for anything.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one that CHROMIUM names, with a profile of its own."""
    if not Path(executable()).exists():
        pytest.skip(f"{executable()} is missing: run `apt-get install chromium`, or set CHROMIUM")
    with launched() as browser:
        yield browser


def executable() -> str:
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(_ARGUMENTS))
        yield browser
        browser.close()
