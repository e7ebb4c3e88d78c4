"""Charts: the right places, the right words, and nothing of anybody's that is markup."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.dashboard.charts.bars import Bar, bar_chart
from backend.dashboard.charts.canvas import Scale, round_range, ticks
from backend.dashboard.charts.histogram import dice_histogram
from backend.dashboard.charts.lines import Series, line_chart
from backend.dashboard.words import ago, count, dice, duration, percent, signed

HOSTILE = '"><script>alert(1)</script>'


def parsed(svg: str) -> ElementTree.Element:
    """The SVG as XML, which must have no style of its own."""
    assert "style=" not in svg
    assert "<script" not in svg
    return ElementTree.fromstring(svg)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_round_inside_and_about_as_many(low, width, wanted):
    found = ticks(low, low + width, wanted)
    assert len(found) <= 2.5 * wanted + 1
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in found)
    steps = np.diff(found)
    assert np.allclose(steps, steps[:1] if len(steps) else steps)


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0.01, 0.5))
def test_a_range_holds_its_values_and_stays_within_bounds(values, least):
    low, high = round_range(values, least=least)
    assert 0 <= low < high <= 1
    assert all(low <= value <= high for value in values)
    assert high - low >= least - 1e-9


def test_a_scale_is_straight_and_ends():
    scale = Scale(0.5, 1.0, 100.0, 0.0)
    assert (scale(0.5), scale(0.75), scale(1.0), scale(2.0)) == (100, 50, 0, 0)


def test_a_line_chart_has_its_points_and_gaps():
    chart = line_chart(
        "Dice",
        ["v1", "v2", "v3"],
        [Series("median", [0.8, None, 0.9], intervals=[(0.7, 0.85), None, None])],
        over="version",
        write=dice,
    )
    root = parsed(chart.svg)
    hints = [dot.findtext("{*}title") or dot.findtext("title") for dot in root.iter("circle")]
    assert hints == ["median, v1: 0.800", "median, v3: 0.900"]
    circles = [float(dot.attrib["cy"]) for dot in root.iter("circle")]
    assert circles[1] < circles[0]  # higher Dice stands higher
    assert chart.columns == ("version", "median")
    assert list(chart.rows) == [("v1", "0.800"), ("v2", "–"), ("v3", "0.900")]


def test_names_are_never_markup():
    lines = line_chart(HOSTILE, [HOSTILE], [Series(HOSTILE, [0.5])], over=HOSTILE, write=dice)
    bars = bar_chart(HOSTILE, [Bar(HOSTILE, 1, HOSTILE)], columns=(HOSTILE, HOSTILE))
    for chart in (lines, bars):
        parsed(chart.svg)
        assert "&lt;script&gt;" in chart.svg


def test_a_histogram_counts_each_mask_once_and_marks_outliers():
    values = np.array([0.5, 0.9, 0.9, 0.95, 1.0])
    chart = dice_histogram("Dice", values, outliers=[0], median=0.9)
    parsed(chart.svg)
    assert sum(int(row[1]) for row in chart.rows) == len(values)
    assert sum(int(row[2]) for row in chart.rows) == 1
    assert chart.rows[0][:3] == ("0.500 to 0.512", "1", "1")
    assert "median 0.900" in chart.svg


@pytest.mark.parametrize("values", [[], [1.0], [0.0], [0.0, 1.0], [0.97] * 300])
def test_odd_histograms_are_drawn(values):
    chart = dice_histogram("Dice", np.array(values), outliers=[], median=None)
    parsed(chart.svg)
    assert sum(int(re.sub(r"\D", "", row[1])) for row in chart.rows) == len(values)


def test_charts_without_anything_are_drawn():
    parsed(line_chart("Nothing", [], [], over="week", write=dice).svg)
    parsed(bar_chart("Nothing", [], columns=("a", "b")).svg)


def test_bars_are_as_long_as_they_count():
    chart = bar_chart("Reasons", [Bar("a", 10, "10"), Bar("b", 5, "5")], columns=("r", "n"))
    widths = [float(bar.attrib["width"]) for bar in parsed(chart.svg).iter("rect")]
    assert widths[0] == pytest.approx(2 * widths[1])


def test_numbers_are_written_for_people():
    assert dice(0.94449) == "0.944"
    assert (signed(0.0404), signed(-0.02), signed(-0.0001)) == ("+0.040", "−0.020", "0.000")
    assert (percent(0.5), percent(0.053), percent(0), percent(1)) == (
        "50 %",
        "5.3 %",
        "0 %",
        "100 %",
    )
    assert count(1234567) == "1\N{THIN SPACE}234\N{THIN SPACE}567"
    assert (duration(8.2), duration(150), duration(8000)) == ("8 s", "2.5 min", "2.2 h")
    assert [write(None) for write in (dice, signed, percent, count, duration)] == ["–"] * 5
    assert ago(None) == "never"
