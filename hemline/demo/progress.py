"""What the demo says while it works: a spinner on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

_PLAIN_EVERY_S = 10.0


class DemoProgress:
    """Steps with their time. What is told within a step shows beside its name."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name = ""
        self._started = 0.0
        self._told_at = 0.0
        self._status: Status | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Shown as running inside the block and as done, with its seconds, after it."""
        self._name, self._started = name, time.monotonic()
        self._told_at = self._started
        if not self._console.is_terminal:
            self._say(f"{name} ...")
            yield
        else:
            with self._console.status(name) as self._status:
                yield
            self._status = None
        passed = time.monotonic() - self._started
        mark = "[green]✓[/green] " if self._console.is_terminal else ""
        self._say(f"{mark}{name} ({passed:.1f} s)")

    def tell(self, detail: str) -> None:
        """Show how far the step is; call it as often as you like."""
        now = time.monotonic()
        text = f"{self._name}: {detail} ({now - self._started:.0f} s)"
        if self._status is not None:
            self._status.update(text)
        elif now - self._told_at > _PLAIN_EVERY_S:
            self._told_at = now
            self._say(text)

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)
