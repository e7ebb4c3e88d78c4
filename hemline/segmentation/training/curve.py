"""A training's curve as a picture: the loss and the validation score by epoch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hemline.files import write_atomically

_WIDTH, _HEIGHT, _EDGE = 640, 320, 48
_LOSS, _SCORE, _INK = "#c2410c", "#1d4ed8", "#444"


def draw_curve(curve: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes an SVG of a model's curve (figures["curve"]). The loss has the scale on the left, from
    0 to its highest; the score, 0 to 1, the one on the right."""
    losses = [float(report["loss"]) for report in curve]
    scores = [report["score"] for report in curve]
    top = max([*losses, 1e-9])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_grid(top, len(curve)),
        _line([value / top for value in losses], _LOSS),
        _line(scores, _SCORE),
        f'<text x="{_EDGE}" y="20" fill="{_LOSS}">training loss</text>',
        f'<text x="{_WIDTH - _EDGE}" y="20" text-anchor="end" fill="{_SCORE}">'
        "validation score</text></svg>",
    ]
    write_atomically(path, "\n".join(parts).encode())


def _grid(top: float, epochs: int) -> list[str]:
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        lines.append(
            f'<path d="M{_EDGE} {y:.1f}H{_WIDTH - _EDGE}" stroke="#ddd"/>'
            f'<text x="{_EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{share * top:.3g}</text>'
            f'<text x="{_WIDTH - _EDGE + 6}" y="{y + 4:.1f}">{share:.2f}</text>'
        )
    for epoch in sorted({1, (epochs + 1) // 2, epochs}):
        x = _x(epoch - 1, epochs)
        lines.append(f'<text x="{x:.1f}" y="{_HEIGHT - 16}" text-anchor="middle">{epoch}</text>')
    return lines


def _line(shares: Sequence[float | None], colour: str) -> str:
    points = [
        (_x(index, len(shares)), _y(share))
        for index, share in enumerate(shares)
        if share is not None
    ]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points
    )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'


def _x(index: int, epochs: int) -> float:
    return _EDGE + (_WIDTH - 2 * _EDGE) * (index / (epochs - 1) if epochs > 1 else 0.5)


def _y(share: float) -> float:
    low, high = _HEIGHT - 40, 36
    return low - (low - high) * min(1.0, max(0.0, share))
