"""Whether predicted work times are better than one for all: `make bench-work-time`.

    python -m benchmarks.learning.bench_work_time --ccp DIR --metail DIR [--out FILE | --print]

The starter's masks of photos that it did not learn from, as in bench_bounds. No people were timed:
work takes 5 s to look, 3 s for each place that is wrong and a second for each 4 % of the photo's
height that has to be traced, with a spread of 30 %, and one photo in twenty has a break of ten
minutes. Times are predicted for garments that were not learnt from. Writes its part of
docs/results.md.
"""

import numpy as np
from numpy.typing import NDArray

from active_learning.order.work_time import TimedPrefills, fit_time_predictor
from benchmarks.learning.met_prefills import MetMasks, measure, photo_options
from benchmarks.results_page import write_part
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.starter import starter_path

_LOOK_S, _PLACE_S, _PER_S = 5.0, 3.0, 40.0
_SPREAD = 0.3
_BREAKS, _BREAK_S = 0.05, 600.0
_DRAWS = 10

Seconds = NDArray[np.float64]


def main() -> None:
    """Measure, print, and write down."""
    options = photo_options(__doc__)
    street = split_by_garment(list(open_data(f"ccp:{options.ccp}").samples), (0.1, 0.15))
    found = {
        "Metail, fronts": measure(
            open_data(f"pairs:{options.metail}").samples, options.cache / "metail"
        ),
        "Clothing Co-Parsing": measure([*street[1], *street[0]], options.cache / "street"),
    }
    lines = [
        "## Predicted work time",
        "",
        "    make bench-work-time CCP=DIR METAIL=DIR",
        "",
        f"Starter {file_digest(starter_path())[:12]}. No people were timed: the time to mend a",
        f"mask is reckoned from what is wrong ({_LOOK_S:g} s to look, {_PLACE_S:g} s a place, a",
        f"second for each {_PER_S / 10:g} % of the photo's height to trace), with a spread of",
        f"{_SPREAD:.0%} and a break of ten minutes in {_BREAKS:.0%} of the photos. Mean error on",
        f"garments that were not learnt from, mean and range of {_DRAWS} draws:",
        "",
        "| | photos | median | error of the median for all | predicted | ratio |",
        "|---|--:|--:|--:|--:|--:|",
        *(_row(name, masks) for name, masks in found.items()),
    ]
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-work-time", text)


def work_times(masks: MetMasks, rng: np.random.Generator) -> Seconds:
    """Seconds (N,) that somebody may have taken for each mask."""
    mending = _LOOK_S + _PLACE_S * masks.places + masks.traced / _PER_S
    spread: Seconds = mending * rng.lognormal(0, _SPREAD, len(mending))
    return spread + _BREAK_S * (rng.random(len(mending)) < _BREAKS)


def _row(name: str, masks: MetMasks) -> str:
    garments = [str(number) for number in range(len(masks.dice))]
    fitted = []
    for draw in range(_DRAWS):
        seconds = work_times(masks, np.random.default_rng(draw))
        timed = TimedPrefills(masks.rows, seconds.tolist(), [""] * len(seconds), garments)
        predictor = fit_time_predictor(timed)
        fitted.append((predictor.typical_s, predictor.constant_error_s, predictor.error_s))
    values = np.array(fitted, dtype=np.float64)
    ratios = values[:, 2] / values[:, 1]
    typical, plain, error = values.mean(axis=0)
    return (
        f"| {name} | {len(masks.dice)} | {typical:.0f} s | {plain:.1f} s | {error:.1f} s | "
        f"{ratios.mean():.2f} ({ratios.min():.2f} to {ratios.max():.2f}) |"
    )


if __name__ == "__main__":
    main()
