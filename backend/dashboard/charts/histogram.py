"""How many masks have which Dice, with the outliers in another colour."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.dashboard.charts.canvas import Chart, ChartCanvas, Scale, ticks
from backend.dashboard.words import count, dice, percent

_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 26.0, 26.0
_BINS = 40


def dice_histogram(
    title: str,
    values: NDArray[np.float64],
    *,
    outliers: Sequence[int],
    median: float | None,
    size: tuple[float, float] = (640.0, 220.0),
) -> Chart:
    """Bars over Dice from 0 (or near the worst) to 1; `outliers` are indices of `values` (n,)."""
    low = min(0.9, float(np.floor(values.min() * 20) / 20)) if len(values) else 0.0
    edges = np.linspace(low, 1.0, _BINS + 1)
    is_outlier = np.zeros(len(values), bool)
    is_outlier[list(outliers)] = True
    good, _ = np.histogram(values[~is_outlier], edges)
    bad, _ = np.histogram(values[is_outlier], edges)
    canvas = ChartCanvas(*size)
    across = Scale(low, 1.0, _LEFT, size[0] - _RIGHT)
    up = Scale(0.0, max(1.0, float((good + bad).max(initial=0))), size[1] - _BOTTOM, _TOP)
    for number in ticks(0, up.high, 4):
        if number == int(number):
            canvas.line(_LEFT, up(number), size[0] - _RIGHT, up(number), "grid-line")
            canvas.text(_LEFT - 7, up(number) + 4, count(int(number)), "end")
    for value in ticks(low, 1.0, 8):
        canvas.text(across(value), size[1] - 8, f"{value:g}", "middle")
    rows = []
    for left, right, fine, out in zip(edges, edges[1:], good.tolist(), bad.tolist(), strict=False):
        if not fine + out:
            continue
        place = f"{dice(left)} to {dice(right)}"
        x, width = across(left) + 0.7, across(right) - across(left) - 1.4
        hint = f"{place}: {count(fine + out)}, of them {count(out)} outliers"
        canvas.bar(x, up(out), width, up(0) - up(out), css="out", hint=hint)
        canvas.bar(x, up(fine + out), width, up(out) - up(fine + out), hint=hint)
        rows.append((place, count(fine + out), count(out), percent((fine + out) / len(values))))
    if median is not None:
        canvas.line(across(median), _TOP - 8, across(median), size[1] - _BOTTOM, "mark")
        canvas.text(across(median) - 5, _TOP - 12, f"median {dice(median)}", "end name")
    told = f"{count(len(values))} masks, {count(len(outliers))} of them outliers"
    columns = ("Dice", "Masks", "Outliers", "Share")
    return Chart(title, canvas.svg(title, told), columns, rows)
