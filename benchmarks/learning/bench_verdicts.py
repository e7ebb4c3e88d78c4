"""What verdicts are worth to the labels not judged yet: `make bench-verdicts CCP=DIR`.

    python -m benchmarks.learning.bench_verdicts --ccp DIR [--photos N] [--out FILE | --print]

A studio's labels are drawn again and again from the photos of bench_ranking: one label a photo,
made by four people in sessions of eight labels. In a quarter of the sessions half the labels have
one kind of fault, in the others one in twenty has any. The risk of each kind is that of a model
that was learnt without it, its nearest kind and the photo. A reviewer looks at ten labels by risk
alone, and at ten more, by risk alone or by what the verdicts say by then. Faults that are
scattered, at the same number, show what it costs where nothing is alike. Writes its part of
docs/results.md.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from active_learning.risk.after_verdicts import LabelPlaces, fault_signs, shifted_risks
from active_learning.risk.label_risk import fit_labels, sigmoid
from active_learning.risk.learn import (
    CLEAN,
    FOLDS,
    Example,
    calibrate,
    fold_of,
    out_of_fold_rows,
)
from active_learning.signals.label_signals import SIGNALS_VERSION
from benchmarks.learning.ranking_photos import look_at_all, tell
from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path
from hemline.studio.faults import FaultKind

# Kinds that are alike are left out together: no model learns one from the other.
LEFT_OUT = (
    (FaultKind.UNDER_ARM, FaultKind.EXTRA_PART),
    (FaultKind.HEM_CUT, FaultKind.MISSING_PART),
    (FaultKind.POLYGON, FaultKind.OFFSET),
    (FaultKind.SHIFTED, FaultKind.OTHER_GARMENT),
)
KINDS = tuple(str(kind) for group in LEFT_OUT for kind in group)
FIRST, NEXT = 10, 10  # looks
_PEOPLE, _SESSION = 4, 8
_BAD_SESSIONS, _OFTEN, _SELDOM = 0.25, 0.5, 0.05
_APART_S = 90.0  # between two labels of a session
_HARD = ("hem_cut", "missing_part", "extra_part")  # that risk finds least

Values = NDArray[np.float64]


@dataclass(frozen=True)
class LabelPool:
    """The labels that studios are drawn from: `photo` and `kind` (N,), `risk` (N,) and fault
    `signs` (N, K)."""

    photo: NDArray[np.int64]
    kind: NDArray[np.str_]
    risk: Values
    signs: Values


@dataclass(frozen=True)
class DrawnStudio:
    """A studio's labels: `risk` and `bad` (N,), and where they stand to one another."""

    risk: Values
    bad: NDArray[np.bool_]
    places: LabelPlaces


def main() -> None:
    """Measure, print, and write down."""
    options = _options()
    samples = split_by_garment(list(open_data(f"ccp:{options.ccp}").samples), (0.1, 0.15))[1]
    model = starter_path()
    cache = options.cache / f"v{SIGNALS_VERSION}-{file_digest(model)[:12]}"
    photos = look_at_all(samples[: options.photos], Predictor(model, device="cpu"), cache)
    known = know([example for photo in photos for example in photo.examples])
    number = len(np.unique(known.photo))
    lines = [
        "## Verdicts, and the likes of what was found wrong",
        "",
        "    make bench-verdicts CCP=DIR",
        "",
        f"Starter {file_digest(model)[:12]}, {number} photos of the test part of Clothing",
        f"Co-Parsing, {options.draws} studios drawn from them with planted faults. Faults found in",
        f"looks {FIRST + 1} to {FIRST + NEXT}, after {FIRST} looks by risk alone, and how many",
        "were left by then; means, and the ratio [5 %, 95 % of 200 resamples of the studios].",
        "",
        "| faults | where | left | brought forward | without verdicts | with | ratio |",
        "|---|---|--:|---|--:|--:|--:|",
    ]
    for kinds, named in ((KINDS, "any kind"), (_HARD, "hem cut, part missing or extra")):
        for in_sessions in (True, False):
            studios = [
                draw(known, kinds, np.random.default_rng(seed), in_sessions=in_sessions)
                for seed in range(options.draws)
            ]
            where = "in sessions" if in_sessions else "scattered"
            for name, alike in _ALIKE.items():
                lines.append(_row(f"{named} | {where}", name, studios, alike))
                tell(lines[-1])
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-verdicts", text)


def know(examples: list[Example]) -> LabelPool:
    """Risks out of fold; those of each kind by what was learnt without it, those of right labels by
    the mean of all these."""
    folds = fold_of([example.garment for example in examples])
    kind = np.array([example.kind for example in examples])
    bad = kind != CLEAN
    odds = np.zeros((len(LEFT_OUT), len(examples)))
    rows = np.zeros((0, 0), dtype=np.float32)
    for number, left_out in enumerate(LEFT_OUT):
        learnt = ~np.isin(kind, [str(each) for each in left_out])
        rows = out_of_fold_rows(examples, folds, learn_from=np.flatnonzero(learnt))
        for fold in range(FOLDS):
            inside = folds == fold
            forest = fit_labels(rows[~inside & learnt], bad[~inside & learnt])
            odds[number, inside] = forest.raw(rows[inside])
        slope, shift = calibrate(odds[number, learnt], bad[learnt])
        odds[number] = slope * odds[number] + shift
        tell(f"learnt without {' and '.join(left_out)}")
    own = odds.mean(axis=0)
    for number, left_out in enumerate(LEFT_OUT):
        held = np.isin(kind, [str(each) for each in left_out])
        own[held] = odds[number, held]
    garments = [example.garment for example in examples]
    photo = np.unique(garments, return_inverse=True)[1]
    return LabelPool(photo, kind, sigmoid(own), fault_signs(rows))


def draw(
    known: LabelPool, kinds: Sequence[str], rng: np.random.Generator, *, in_sessions: bool
) -> DrawnStudio:
    """One label of each photo, in a random order; with faults of these kinds as sessions have them,
    or as many anywhere."""
    photos = rng.permutation(np.unique(known.photo))
    session = np.arange(len(photos)) // _SESSION
    sessions = int(session.max()) + 1
    of_session = np.where(rng.random(sessions) < _BAD_SESSIONS, rng.choice(kinds, sessions), "")
    wanted = []
    for number in session:
        usual = of_session[number]
        if usual and rng.random() < _OFTEN:
            wanted.append(usual)
        else:
            wanted.append(rng.choice(kinds) if rng.random() < _SELDOM else CLEAN)
    if not in_sessions:
        rng.shuffle(wanted)
    chosen = []
    for photo, kind in zip(photos, wanted, strict=True):
        own = np.flatnonzero((known.photo == photo) & (known.kind == kind))
        clean = np.flatnonzero((known.photo == photo) & (known.kind == CLEAN))
        chosen.append(int(own[0] if len(own) else clean[0]))
    place = np.arange(len(photos)) % _SESSION
    people = [f"person {number % _PEOPLE}" for number in session]
    saved = session // _PEOPLE * 86_400.0 + place * _APART_S
    return DrawnStudio(
        known.risk[chosen],
        known.kind[chosen] != CLEAN,
        LabelPlaces(people, saved, known.signs[chosen]),
    )


def found_without(studio: DrawnStudio) -> int:
    """Faults in the looks after the first ones, by risk alone."""
    order = np.argsort(-studio.risk, kind="stable")
    return int(studio.bad[order[FIRST : FIRST + NEXT]].sum())


def found_with(studio: DrawnStudio, places: LabelPlaces) -> int:
    """The same by what the verdicts so far say, after each look."""
    seen = np.argsort(-studio.risk, kind="stable")[:FIRST].tolist()
    for _ in range(min(NEXT, len(studio.risk) - FIRST)):
        judged = LabelPlaces(
            [places.people[k] for k in seen], places.made_s[seen], places.signs[seen]
        )
        now = shifted_risks(studio.risk, places, studio.risk[seen], judged, studio.bad[seen])
        now[seen] = -1
        seen.append(int(np.argmax(now)))
    return int(studio.bad[seen[FIRST:]].sum())


def _of_anybody(places: LabelPlaces) -> LabelPlaces:
    return replace(
        places, people=["anybody"] * len(places.people), made_s=np.zeros_like(places.made_s)
    )


def _of_any_kind(places: LabelPlaces) -> LabelPlaces:
    return replace(places, signs=np.zeros_like(places.signs))


_ALIKE: dict[str, Callable[[LabelPlaces], LabelPlaces]] = {
    "the same person and time": _of_any_kind,
    "the same kind of fault": _of_anybody,
    "both": lambda places: places,
}


def _row(
    faults: str,
    name: str,
    studios: Sequence[DrawnStudio],
    alike: Callable[[LabelPlaces], LabelPlaces],
) -> str:
    both = np.array(
        [(found_without(own), found_with(own, alike(own.places))) for own in studios], dtype=float
    )
    left = np.mean(
        [own.bad.sum() - own.bad[np.argsort(-own.risk)[:FIRST]].sum() for own in studios]
    )
    rng = np.random.default_rng(0)
    redrawn = [both[rng.integers(len(both), size=len(both))].mean(axis=0) for _ in range(200)]
    low, high = np.percentile([own[1] / own[0] for own in redrawn], [5, 95])
    without, found = both.mean(axis=0)
    return (
        f"| {faults} | {left:.1f} | {name} | {without:.2f} | {found:.2f} | "
        f"{found / without:.2f} [{low:.2f}, {high:.2f}] |"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ccp", type=Path, required=True, help="folder of Clothing Co-Parsing")
    parser.add_argument("--photos", type=int, default=124, help="at most this many")
    parser.add_argument("--draws", type=int, default=200, help="studios")
    parser.add_argument("--cache", type=Path, default=Path("build/bench-ranking"))
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
