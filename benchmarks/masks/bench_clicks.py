"""How many clicks a mask needs: `make bench-clicks CCP=folder METAIL=folder`.

    python -m benchmarks.masks.bench_clicks --ccp FOLDER [--metail FOLDER] [--photos N]

The starter's masks of photos that neither it nor the click network learnt from, corrected by
simulated clicks at native size: on Clothing Co-Parsing the test part of `hemline train`'s split, of
Metail the fronts. A click falls on the middle of the largest wrong part, or at random inside it.
Beside it a magic wand: a flood fill by colour from the same clicks, at the best of four tolerances.
Writes its parts of docs/results.md; without a folder only the time that a click takes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.masks.figures.boundary import boundary_f
from hemline.masks.figures.overlap import IGNORE, dice
from hemline.segmentation.clicks.click_runtime import OpenVinoClicks
from hemline.segmentation.clicks.convert_clicks import convert_clicks
from hemline.segmentation.clicks.maps import Box, Click, pixel_of
from hemline.segmentation.clicks.next_click import next_click
from hemline.segmentation.clicks.quantise_clicks import quantise_clicks
from hemline.segmentation.clicks.refiner import ClickRefiner
from hemline.segmentation.clicks.shipped_clicks import clicks_path
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.runtime.convert import convert
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.starter import starter_path
from hemline.studio.scene import draw_scene

MOST = 20
_TOLERANCES = (4, 8, 16, 32)  # of the wand, in 8-bit Lab
_FOLLOWED = (1, 3, 5)  # clicks after which the poor pre-fills are measured
_POOR = 0.95
_SCENE, _TIMED = 7_100_000, 40

Inside = NDArray[np.bool_]
Answer = Callable[[Inside, list[Click]], Inside]


@dataclass(frozen=True, slots=True)
class Case:
    """One photo with its truth and the starter's mask of it."""

    image: NDArray[np.uint8]
    truth: Inside
    known: Inside
    probability: NDArray[np.float32]
    prefill: Inside

    def dice(self, mask: Inside) -> float:
        return dice(mask & self.known, self.truth & self.known)


@dataclass(slots=True)
class Walk:
    """What the clicks on one photo came to: a mask after each, the first before any."""

    masks: list[Inside] = field(default_factory=list)

    def clicks_to(self, case: Case, wanted: float, measure: Callable[[Case, Inside], float]) -> int:
        for number, mask in enumerate(self.masks):
            if measure(case, mask) >= wanted:
                return number
        return MOST


def main() -> None:
    """Measure what was asked for, print it, and write it down."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        starter, clicks = Path(folder) / "starter", Path(folder) / "clicks"
        model = options.clicks or clicks_path()
        convert(starter_path(), starter)
        convert_clicks(model, clicks)
        if options.precision == "int8":
            quantise_clicks(model, clicks, clicks.with_suffix(".int8"))
            clicks = clicks.with_suffix(".int8")
        predictor = Predictor(starter_path(), runtime=OpenVinoRuntime(starter))
        refiner = ClickRefiner(OpenVinoClicks(clicks))
    parts = {"bench-click-time": _times(refiner, options.precision)}
    if options.ccp or options.metail:
        name = f"{file_digest(model)[:12]} in {options.precision}"
        parts["bench-clicks"] = _figures(options, predictor, refiner, name)
    for name, text in parts.items():
        print(text)
        if options.out:
            write_part(options.out, name, text)


def _times(refiner: ClickRefiner, precision: str) -> str:
    """How long the refiner takes for a click on a drawn photo of two megapixels."""
    scene = draw_scene(_SCENE, height=1728, width=1152)
    truth = scene.mask > 0
    rng = np.random.default_rng(0)
    times = []
    for _ in range(_TIMED):
        mask = np.roll(truth, rng.integers(-40, 40, 2), axis=(0, 1))
        click = next_click(mask, truth, rng)
        if click is None:
            continue
        started = time.perf_counter()
        refiner.refine(scene.image, None, mask, [click])
        times.append(time.perf_counter() - started)
    median, late = (1000 * float(x) for x in np.percentile(times, [50, 95]))
    return "\n".join(
        [
            "## What a click takes",
            "",
            "    make bench-clicks",
            "",
            f"The network in {precision} and the merge, on a drawn photo of 1152 x 1728 px,",
            f"{len(times)} clicks: {median:.0f} ms in the median, {late:.0f} ms at p95.",
        ]
    )


def _figures(
    options: argparse.Namespace, predictor: Predictor, refiner: ClickRefiner, name: str
) -> str:
    lines = [
        "## Clicks",
        "",
        "    make bench-clicks CCP=DIR METAIL=DIR"
        + (f" PHOTOS={options.photos}" if options.photos else ""),
        "",
        f"Click network {name} on the starter's masks; photos that neither learnt from,",
        f"at native size, at most {MOST} clicks, a failure counts {MOST}. Intervals: 95 %, "
        "bootstrap over photos.",
        "",
        "| | photos | measured |",
        "|---|--:|---|",
    ]
    if options.ccp:
        lines += _street(_cases(_test_part(options.ccp), predictor, options.photos), refiner)
    if options.metail:
        fronts = open_data(f"pairs:{options.metail / 'front'}").samples
        lines += _fronts(_cases(fronts, predictor, options.photos), refiner)
    return "\n".join(lines)


def _street(cases: list[Case], refiner: ClickRefiner) -> list[str]:
    middle = [walk(case, _network(case, refiner)) for case in cases]
    random = [
        walk(case, _network(case, refiner), np.random.default_rng(k))
        for k, case in enumerate(cases)
    ]
    wand = [walk(case, _wand(case)) for case in cases]
    count = len(cases)
    rows = [
        (
            f"Co-Parsing: clicks to Dice 0.97, {name}",
            count,
            _mean_of(
                [
                    one.clicks_to(case, 0.97, Case.dice)
                    for one, case in zip(walks, cases, strict=True)
                ]
            ),
        )
        for name, walks in (
            ("in the middle", middle),
            ("at random inside", random),
            ("magic wand", wand),
        )
    ]
    poor = [k for k, case in enumerate(cases) if case.dice(case.prefill) < _POOR]
    for clicks in _FOLLOWED:
        gains = []
        edges = []
        for k in poor:
            after = middle[k].masks[min(clicks, len(middle[k].masks) - 1)]
            gains.append(cases[k].dice(after) - cases[k].dice(cases[k].prefill))
            edges.append(_edge(cases[k], after) - _edge(cases[k], cases[k].prefill))
        rows.append(
            (
                f"Co-Parsing, pre-fills under Dice {_POOR}: after {clicks} "
                f"{'click' if clicks == 1 else 'clicks'}",
                len(poor),
                f"Dice {np.mean(gains):+.4f}, boundary F at 3 px {np.mean(edges):+.4f}",
            )
        )
    spoilt = [_spoilt(case, one) for case, one in zip(cases, random, strict=True)]
    rows.append(
        (
            "Co-Parsing: right pixels that three clicks spoil",
            count,
            f"{100 * np.mean(spoilt):.3f} %",
        )
    )
    fresh = [
        walk(_from_nothing(case), _network(_from_nothing(case), refiner), until=_iou_090)
        for case in cases
    ]
    rows.append(
        (
            "Co-Parsing, from nothing: clicks to IoU 0.90",
            count,
            _mean_of(
                [
                    one.clicks_to(_from_nothing(case), 0.90, _iou)
                    for one, case in zip(fresh, cases, strict=True)
                ]
            ),
        )
    )
    boxed = [_boxed(_from_nothing(case), refiner) for case in cases]
    rows.append(("Co-Parsing, from nothing: IoU of one box", count, f"{np.mean(boxed):.3f}"))
    return [f"| {name} | {number} | {value} |" for name, number, value in rows]


def _fronts(cases: list[Case], refiner: ClickRefiner) -> list[str]:
    walks = [
        walk(case, _network(case, refiner), until=lambda c, m: c.dice(m) >= 0.985) for case in cases
    ]
    clicks = [one.clicks_to(case, 0.985, Case.dice) for one, case in zip(walks, cases, strict=True)]
    return [f"| Metail fronts: clicks to Dice 0.985 | {len(cases)} | {_mean_of(clicks)} |"]


def walk(
    case: Case,
    answer: Answer,
    rng: np.random.Generator | None = None,
    until: Callable[[Case, Inside], bool] = lambda case, mask: case.dice(mask) >= 0.97,
) -> Walk:
    """Clicks until the mask is good enough, at most 20 times, at least five where it is poor."""
    done = Walk([case.prefill])
    clicks: list[Click] = []
    poor = case.dice(case.prefill) < _POOR
    while len(clicks) < MOST:
        mask = done.masks[-1]
        if until(case, mask) and (not poor or len(clicks) >= max(_FOLLOWED)):
            break
        click = next_click(mask, case.truth, rng, case.known)
        if click is None:
            break
        clicks.append(click)
        done.masks.append(answer(mask, clicks))
    return done


def _network(case: Case, refiner: ClickRefiner) -> Answer:
    def answer(mask: Inside, clicks: list[Click]) -> Inside:
        return refiner.refine(case.image, case.probability, mask, clicks)

    return answer


def _wand(case: Case) -> Answer:
    """A flood fill by colour from the click; of four tolerances the one that ends best, which no
    person knows beforehand."""
    lab = cv2.cvtColor(cv2.GaussianBlur(case.image, (0, 0), 1.0), cv2.COLOR_RGB2LAB)

    def answer(mask: Inside, clicks: list[Click]) -> Inside:
        row, column = pixel_of(clicks[-1], *mask.shape)
        results = []
        for tolerance in _TOLERANCES:
            area = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.uint8)
            flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
            step = (tolerance,) * 3
            cv2.floodFill(lab, area, (column, row), 0, step, step, flags)
            filled = area[1:-1, 1:-1] > 0
            results.append(mask | filled if clicks[-1].positive else mask & ~filled)
        return max(results, key=case.dice)

    return answer


def _spoilt(case: Case, done: Walk) -> float:
    """The share of the photo's pixels that were right and are wrong after three clicks."""
    after = done.masks[min(3, len(done.masks) - 1)]
    right = (case.prefill == case.truth) & case.known
    return int((right & (after != case.truth)).sum()) / max(int(right.sum()), 1)


def _from_nothing(case: Case) -> Case:
    """The largest connected garment alone, of which nothing is known."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(case.truth.astype(np.uint8))
    largest = parts == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    empty = np.zeros_like(case.truth)
    nothing = np.full_like(case.probability, 0.05)
    return Case(case.image, largest, case.known, nothing, empty)


def _boxed(case: Case, refiner: ClickRefiner) -> float:
    rows, columns = np.nonzero(case.truth)
    height, width = case.truth.shape
    box = Box(
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )
    return _iou(case, refiner.refine(case.image, case.probability, case.prefill, [], box))


def _iou(case: Case, mask: Inside) -> float:
    found = case.dice(mask)
    return found / (2 - found)


def _iou_090(case: Case, mask: Inside) -> bool:
    return _iou(case, mask) >= 0.90


def _edge(case: Case, mask: Inside) -> float:
    return float(boundary_f(mask & case.known, case.truth))


def _mean_of(values: Sequence[float]) -> str:
    rng = np.random.default_rng(0)
    means = [np.mean(rng.choice(values, len(values))) for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    failed = sum(value >= MOST for value in values)
    return (
        f"mean {np.mean(values):.2f} [{low:.2f}, {high:.2f}], median {np.median(values):g}, "
        f"{failed} not in {MOST}"
    )


def _cases(samples: Sequence[Sample], predictor: Predictor, most: int | None) -> list[Case]:
    cases = []
    for sample in samples[:most]:
        image, mask = sample.load()
        known = mask != IGNORE
        truth = (mask > 0) & known
        if not truth.any():
            continue
        seen = predictor.examine(image)
        prefill = seen.prediction.mask > 0
        cases.append(Case(image, truth, known, seen.probabilities[0], prefill))
    print(f"{len(cases)} photos pre-filled", file=sys.stderr, flush=True)
    return cases


def _test_part(folder: Path) -> list[Sample]:
    _, test = split_by_garment(list(open_data(f"ccp:{folder}").samples), (0.1, 0.15))
    return test


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", type=Path, help="folder of Clothing Co-Parsing")
    parser.add_argument("--metail", type=Path, help="folder of Metail's cut-outs")
    parser.add_argument("--clicks", type=Path, help="another click network than the shipped one")
    parser.add_argument("--photos", type=int, help="at most so many photos of each")
    parser.add_argument(
        "--precision",
        choices=("fp32", "int8"),
        default="int8" if has_int8_instructions() else "fp32",
        help="of the click network; as it would serve on this CPU",
    )
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
