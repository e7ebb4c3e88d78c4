"""What every chart is made of: shapes with classes, text that is never markup, and round ticks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil, floor, isclose, log10

from markupsafe import Markup, escape

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart and the table behind it: `rows` of cells under `columns`."""

    title: str
    svg: Markup
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class ChartCanvas:
    """An SVG of a width and height in its own units, which are pixels when it is not scaled."""

    width: float
    height: float
    parts: list[Markup] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        self._add('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>', x1, y1, x2, y2, css)

    def text(self, x: float, y: float, words: str, css: str = "") -> None:
        self._add('<text x="{}" y="{}" class="{}">{}</text>', x, y, css, words)

    def dot(self, x: float, y: float, css: str, hint: str) -> None:
        self._add(
            '<circle cx="{}" cy="{}" r="4.5" class="dot {}"><title>{}</title></circle>',
            x,
            y,
            css,
            hint,
        )

    def bar(
        self, x: float, y: float, width: float, height: float, *, css: str = "", hint: str = ""
    ) -> None:
        self._add(
            '<rect x="{}" y="{}" width="{}" height="{}" class="bar {}"><title>{}</title></rect>',
            x,
            y,
            max(width, 0.0),
            max(height, 0.0),
            css,
            hint,
        )

    def path(self, points: Sequence[tuple[float, float]], css: str) -> None:
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add('<polyline points="{}" class="line {}"/>', drawn, css)

    def svg(self, title: str, description: str) -> Markup:
        """The whole drawing, named for those who do not see it."""
        name = f"chart-{next(_numbers)}"
        return Markup(
            '<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{name} {name}-d">'
            '<title id="{name}">{}</title><desc id="{name}-d">{}</desc>{}</svg>'
        ).format(
            _number(self.width),
            _number(self.height),
            title,
            description,
            Markup("").join(self.parts),
            name=name,
        )

    def _add(self, template: str, *values: float | str) -> None:
        shown = (_number(v) if isinstance(v, int | float) else escape(v) for v in values)
        self.parts.append(Markup(template).format(*shown))


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from values to places; `low` and `high` are values, `start` and `end` not."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def round_range(
    values: Sequence[float], *, least: float, bounds: tuple[float, float] = (0.0, 1.0)
) -> tuple[float, float]:
    """A range with some air around the values, at least `least` wide and within `bounds`."""
    if not values:
        return bounds
    low, high = min(values), max(values)
    air = max(least - (high - low), 0.12 * (high - low)) / 2
    low, high = low - air, high + air
    floor_, ceiling = bounds
    if high > ceiling:
        low, high = max(floor_, low - (high - ceiling)), ceiling
    if low < floor_:
        low, high = floor_, min(ceiling, high + (floor_ - low))
    return low, high


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers within a range: about `wanted` of 1, 2 or 5 times a power of ten apart."""
    if high <= low or isclose(low, high):
        return [low]
    rough = (high - low) / max(wanted, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough * 0.999)
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
