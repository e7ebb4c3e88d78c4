"""Bars one under the other, each below its name."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.dashboard.charts.canvas import Chart, ChartCanvas, Scale

_ROW = 42.0


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
    width: float = 400.0,
) -> Chart:
    """A bar for each, in the order given; `full` is the value of the longest one there could be."""
    canvas = ChartCanvas(width, max(_ROW * len(bars), 8.0))
    longest = full or max((bar.value for bar in bars), default=0.0) or 1.0
    along = Scale(0.0, longest, 0.0, width - 90)
    for number, bar in enumerate(bars):
        y = number * _ROW
        canvas.text(0, y + 14, bar.name, "name")
        canvas.bar(0, y + 20, along(bar.value), 13, hint=f"{bar.name}: {bar.words}")
        canvas.text(along(bar.value) + 8, y + 31, bar.words)
    told = "; ".join(f"{bar.name}: {bar.words}" for bar in bars)
    return Chart(title, canvas.svg(title, told), columns, [(bar.name, bar.words) for bar in bars])
