"""What commands show on the terminal beside their output: bars and coloured lines.

rich is loaded when something is shown, so that `hemline --help` stays quick.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
Tell = Callable[[int, int | None], None]  # done, and in all where that is known


@lru_cache(maxsize=1)
def out() -> "Console":
    """stdout; texts are written as they are."""
    from rich.console import Console

    return Console(soft_wrap=True, markup=False, highlight=False)


@lru_cache(maxsize=1)
def err() -> "Console":
    """stderr; texts are written as they are."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def bar(words: str, total: int | None = None) -> Iterator[Tell]:
    """A bar on stderr while the block runs, and the function that moves it."""
    from rich.progress import Progress

    with Progress(console=err(), transient=True, disable=not err().is_terminal) as progress:
        task = progress.add_task(words, total=total)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def tracked(items: Iterable[T], words: str, total: int | None = None) -> Iterator[T]:
    """The items, with a bar on stderr that says how many were taken."""
    from rich.progress import track

    yield from track(
        items,
        words,
        total=total,
        console=err(),
        transient=True,
        disable=not err().is_terminal,
    )
