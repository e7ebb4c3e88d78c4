"""Whether leaving tasks blank saves time where correcting is dearer: `make bench-left-blank`.

    python -m benchmarks.learning.bench_left_blank --ccp DIR [--photos N] [--out FILE | --print]

The starter's masks of street photos that it did not learn from, with the cost model of
bench_work_time; drawing from nothing is reckoned alike, from the whole outline. Half of the photos
are worked on first, a fifth of these from nothing, by chance. What is learnt of them decides which
of the other half open empty. Writes its part of docs/results.md.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from active_learning.order.dearer import is_dearer
from active_learning.order.drawing_time import DrawnMasks, fit_drawing_predictor
from active_learning.order.work_time import TimedPrefills, fit_time_predictor
from benchmarks.learning.met_prefills import MetMasks, measure
from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.starter import starter_path

PLACES_S = (3.0, 10.0, 20.0)  # to find a wrong place and begin to correct it
_LOOK_S, _PER_S, _SPREAD = 5.0, 40.0, 0.3
_BLANK = 0.2
_DRAWS = 20

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Spent:
    """Minutes for 100 photos: all pre-filled, as decided, and as who knew all beforehand would
    decide. `blank` and `dearer` are shares of the photos: what opened empty, and what should."""

    prefilled: float
    decided: float
    best: float
    blank: float
    dearer: float


def main() -> None:
    """Measure, print, and write down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", type=Path, required=True, help="folder of Clothing Co-Parsing")
    parser.add_argument("--photos", type=int, help="at most this many photos")
    parser.add_argument("--cache", type=Path, default=Path("build/met-prefills"))
    add_page_options(parser)
    options = parser.parse_args()
    street = split_by_garment(list(open_data(f"ccp:{options.ccp}").samples), (0.1, 0.15))
    samples = [*street[1], *street[0]][: options.photos]
    masks = measure(samples, options.cache / f"left-blank-{len(samples)}")
    lines = [
        "## Tasks left blank where correcting is dearer",
        "",
        "    make bench-left-blank CCP=DIR",
        "",
        f"Starter {file_digest(starter_path())[:12]}, {len(masks.dice)} street photos. No people",
        f"were timed: {_LOOK_S:g} s to look, some seconds for each place that is wrong, and a",
        f"second for each {_PER_S / 10:g} % of the photo's height to trace, with a spread of",
        f"{_SPREAD:.0%}; drawing from nothing in the same way. Mean of {_DRAWS} draws. The more",
        "a wrong place costs, the more often drawing is cheaper:",
        "",
        "| a place | correcting is dearer | left blank | minutes for 100, all pre-filled "
        "| as decided | at best |",
        "|--:|--:|--:|--:|--:|--:|",
        *(_row(place, masks) for place in PLACES_S),
    ]
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-left-blank", text)


def spent(masks: MetMasks, place_s: float, rng: np.random.Generator) -> Spent:
    """What one draw of times and photos costs."""
    correcting = _worked(_LOOK_S + place_s * masks.places + masks.traced / _PER_S, rng)
    drawing = _worked(_LOOK_S + place_s * masks.parts + masks.drawn / _PER_S, rng)
    order = rng.permutation(len(correcting))
    first, rest = np.array_split(order, 2)
    blank = first[: max(10, round(_BLANK * len(first)))]
    filled = first[len(blank) :]
    drawn = fit_drawing_predictor(
        DrawnMasks(
            masks.rows[blank],
            drawing[blank].tolist(),
            [""] * len(blank),
            _names(blank),
            [""] * len(blank),
        ),
        {},
    )
    time = fit_time_predictor(
        TimedPrefills(
            masks.rows[filled], correcting[filled].tolist(), [""] * len(filled), _names(filled)
        ),
        drawing_s=drawn.typical_s,
    )
    rows = masks.rows[rest]
    empty = is_dearer(time.predict(rows), drawn.predict(rows, [""] * len(rest)), time, drawn)
    with_one, without = correcting[rest], drawing[rest]
    return Spent(
        _minutes(with_one),
        _minutes(np.where(empty, without, with_one)),
        _minutes(np.minimum(with_one, without)),
        float(empty.mean()),
        float((with_one > without).mean()),
    )


def _worked(seconds: Seconds, rng: np.random.Generator) -> Seconds:
    return np.asarray(seconds * rng.lognormal(0, _SPREAD, len(seconds)))


def _minutes(seconds: Seconds) -> float:
    return float(seconds.mean()) * 100 / 60


def _names(photos: NDArray[np.int64]) -> list[str]:
    return [str(number) for number in photos.tolist()]


def _row(place_s: float, masks: MetMasks) -> str:
    found = [spent(masks, place_s, np.random.default_rng(draw)) for draw in range(_DRAWS)]
    prefilled, decided, best, blank, dearer = (
        float(np.mean([getattr(own, name) for own in found]))
        for name in ("prefilled", "decided", "best", "blank", "dearer")
    )
    return (
        f"| {place_s:g} s | {dearer:.0%} | {blank:.1%} | {prefilled:.1f} | {decided:.1f} | "
        f"{best:.1f} |"
    )


if __name__ == "__main__":
    main()
