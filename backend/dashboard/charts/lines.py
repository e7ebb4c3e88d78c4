"""Lines over versions, weeks or epochs: a few series on one scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.dashboard.charts.canvas import Chart, ChartCanvas, Scale, round_range, ticks
from backend.dashboard.words import NONE

_COLOURS = ("one", "two", "three", "four")
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 26.0, 26.0
_MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Series:
    """One line. `values` stand over the chart's places; None leaves a gap."""

    name: str
    values: Sequence[float | None]
    intervals: Sequence[tuple[float, float] | None] = ()
    is_dashed: bool = False


def line_chart(
    title: str,
    places: Sequence[str],
    series: Sequence[Series],
    *,
    over: str,
    write: Callable[[float | None], str],
    least: float = 0.1,
    bounds: tuple[float, float] = (0.0, 1.0),
    size: tuple[float, float] = (640.0, 260.0),
    rows: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None,
) -> Chart:
    """A line for each series over `places`, what `over` calls them in the table's first column.

    write: how values are written; least: how wide the values' range is at least; bounds: and at
    most; rows: columns and rows of a table that tells more than the lines do.
    """
    canvas = ChartCanvas(*size)
    shown = [value for line in series for value in line.values if value is not None]
    shown += [end for line in series for interval in line.intervals if interval for end in interval]
    low, high = round_range(shown, least=least, bounds=bounds)
    up = Scale(low, high, size[1] - _BOTTOM, _TOP)
    step = (size[0] - _LEFT - _RIGHT) / max(len(places), 1)
    across = [_LEFT + (number + 0.5) * step for number in range(len(places))]
    _draw_frame(canvas, up, across, places, write)
    for css, line in zip(_COLOURS, series, strict=False):
        _draw_line(canvas, up, across, places, line, css, write)
    _draw_names(canvas, series)
    columns, table = rows or (
        (over, *(line.name for line in series)),
        [
            (place, *(write(line.values[number]) for line in series))
            for number, place in enumerate(places)
        ],
    )
    names = ", ".join(line.name for line in series)
    return Chart(title, canvas.svg(title, f"{names} over {len(places)} {over}s"), columns, table)


def _draw_frame(
    canvas: ChartCanvas,
    up: Scale,
    across: Sequence[float],
    places: Sequence[str],
    write: Callable[[float | None], str],
) -> None:
    for value in ticks(up.low, up.high):
        canvas.line(_LEFT, up(value), canvas.width - _RIGHT, up(value), "grid-line")
        canvas.text(_LEFT - 7, up(value) + 4, _short(write(value)), "end")
    every = max(1, -(-len(places) // _MOST_LABELS))
    for number in range(len(places) - 1, -1, -every):  # the newest always has its label
        canvas.text(across[number], canvas.height - 8, places[number], "middle")


def _draw_line(
    canvas: ChartCanvas,
    up: Scale,
    across: Sequence[float],
    places: Sequence[str],
    line: Series,
    css: str,
    write: Callable[[float | None], str],
) -> None:
    for x, interval in zip(across, line.intervals, strict=False):
        if interval is not None:
            canvas.line(x, up(interval[0]), x, up(interval[1]), f"interval {css}")
    piece: list[tuple[float, float]] = []
    for x, value in [*zip(across, line.values, strict=True), (0.0, None)]:
        if value is not None:
            piece.append((x, up(value)))
        elif piece:
            canvas.path(piece, f"{css} dashed" if line.is_dashed else css)
            piece = []
    if len(places) > 40:
        return  # the line says it all
    for x, place, value in zip(across, places, line.values, strict=True):
        if value is not None:
            hint = f"{line.name}, {place}: {write(value)}"
            canvas.dot(x, up(value), css, hint)


def _draw_names(canvas: ChartCanvas, series: Sequence[Series]) -> None:
    x = _LEFT
    for css, line in zip(_COLOURS, series, strict=False):
        canvas.path([(x, 9), (x + 16, 9)], f"{css} dashed" if line.is_dashed else css)
        canvas.text(x + 22, 13, line.name, "name")
        x += 40 + 6.4 * len(line.name)


def _short(text: str) -> str:
    """0.90 in place of 0.900 beside an axis."""
    if text != NONE and "." in text and text.replace(".", "").isdigit():
        return text[:-1] if text.endswith("0") and len(text) > 4 else text
    return text
