"""Named bars, one under the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.dashboard.charts.canvas import Canvas, Chart, Scale

_ROW = 26.0
_MOST_LETTERS = 34


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a length, 0 and more, and what is written behind it."""

    name: str
    value: float
    words: str


def bar_chart(
    title: str,
    bars: Sequence[Bar],
    *,
    columns: tuple[str, str],
    full: float | None = None,
    width: float = 640.0,
) -> Chart:
    """A bar for each, in the order given; `full` is the value of the longest one there could be."""
    names = min(_MOST_LETTERS, max((len(bar.name) for bar in bars), default=0)) * 6.6 + 14
    canvas = Canvas(width, max(_ROW * len(bars) + 4, 8.0))
    longest = full or max((bar.value for bar in bars), default=0.0) or 1.0
    along = Scale(0.0, longest, names, width - 110)
    for number, bar in enumerate(bars):
        y = number * _ROW
        canvas.text(names - 10, y + 17, _cut(bar.name), "end name")
        length = along(bar.value) - names
        canvas.bar(names, y + 5, length, _ROW - 10, hint=f"{bar.name}: {bar.words}")
        canvas.text(names + length + 8, y + 17, bar.words)
    told = "; ".join(f"{bar.name}: {bar.words}" for bar in bars)
    return Chart(title, canvas.svg(title, told), columns, [(bar.name, bar.words) for bar in bars])


def _cut(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
