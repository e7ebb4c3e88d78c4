"""Whether the reasons that are given are the right ones: `make bench-causes`.

    python -m benchmarks.learning.bench_causes [--metail FOLDER] [--photos N] [--out FILE | --print]

Two sets of labels are ranked as `hemline rank` does, and the reasons of the first quarter are
compared with what was done: drawn photos with hems that are lower behind, garments in the
mannequin's colour, busy prints, and wrong labels; and Metail's fronts with planted faults and with
halves that lack contrast. "Before" is without the blame for what label and model dispute. What was
computed of the photos is kept in the cache folder. Writes its part of docs/results.md.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from active_learning.label_features import risks_in_folder
from active_learning.order.neighbours import isolation
from active_learning.reasons import reasons
from active_learning.signals.label_signals import SIGNALS_VERSION
from benchmarks.learning.cause_scenes import CausedLabel, drawn_labels, planted_labels
from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.sources import open_data
from hemline.masks.figures.embedding import unpack_embeddings
from hemline.reasons import Reason
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path
from worker.shipped_risk import shipped_risk_model

FIRST = 0.25  # of the order that is looked at
_FIRST_SEED = 4_000_000  # no seed that anything was learnt from or tuned on
_HARD = "limited data or too complicated"
_FAR_OFF = 2.5 * 1.4826  # median absolute deviations below the median: an outlier


@dataclass(frozen=True)
class CauseCounts:
    """Of one cause: how many of the labels have it, are said to have it, and both."""

    has: int
    said: int
    both: int

    @property
    def recall(self) -> float:
        return self.both / self.has if self.has else float("nan")

    @property
    def precision(self) -> float:
        return self.both / self.said if self.said else float("nan")


def main() -> None:
    """Measure, print, and write down."""
    options = _options()
    model = starter_path()
    predictor = Predictor(model, device="cpu")
    cache = options.cache / f"v{SIGNALS_VERSION}-{file_digest(model)[:12]}"
    sets = {"Drawn": drawn_labels(_FIRST_SEED, options.photos, predictor, cache)}
    if options.metail:
        samples = list(open_data(f"pairs:{options.metail}").samples)[: options.photos]
        sets["Metail, planted"] = planted_labels(samples, predictor, cache)
    lines = [
        "## Causes that are named",
        "",
        "    make bench-causes METAIL=DIR",
        "",
        f"Starter {file_digest(model)[:12]}. The first {FIRST:.0%} of the order, and what is",
        "known of them: the label was spoilt or leaves out a back hem (bad ground truth), the",
        "garment was drawn in the mannequin's colour or half of it blended into what is around it",
        "(low contrast), or label and contrast are right and the model's Dice is an outlier all",
        "the same (limited data or too complicated). Before is without the blame for what label",
        "and model dispute.",
        "",
        "| | photos | cause | of the first | recall before | after | precision before | after |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for name, labels in sets.items():
        old, new = named(labels, with_disputes=False), named(labels, with_disputes=True)
        lines += [
            f"| {name} | {len(labels)} | {cause} | {new[cause].has} "
            f"| {_two(old[cause].recall)} | {_two(new[cause].recall)} "
            f"| {_two(old[cause].precision)} | {_two(new[cause].precision)} |"
            for cause in new
        ]
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-causes", text)


def named(labels: Sequence[CausedLabel], *, with_disputes: bool) -> dict[str, CauseCounts]:
    """How often each cause is named in the first quarter of the order, by its words."""
    features = [
        item.features if with_disputes else replace(item.features, blame=None) for item in labels
    ]
    risks = risks_in_folder(features, shipped_risk_model())
    far = isolation(unpack_embeddings([item.embedding for item in labels]))
    found = [{each.reason for each in told} for told in reasons(features, risks, far)]
    dice = np.array([item.dice for item in labels])
    middle = float(np.median(dice))
    outlier = dice < middle - _FAR_OFF * float(np.median(np.abs(dice - middle)))
    first = np.argsort(-np.array(risks), kind="stable")[: round(FIRST * len(labels))].tolist()
    hard = {Reason.LIMITED_DATA, Reason.TOO_COMPLICATED}
    rows: dict[str, list[tuple[bool, bool]]] = {
        Reason.BAD_GROUND_TRUTH.words: [
            (labels[k].wrong, Reason.BAD_GROUND_TRUTH in found[k]) for k in first
        ],
        Reason.LOW_CONTRAST.words: [
            (labels[k].pale, Reason.LOW_CONTRAST in found[k]) for k in first
        ],
        # Where the cause is another, whether it is hard as well is known to nobody.
        _HARD.capitalize(): [
            (bool(outlier[k]), bool(found[k] & hard))
            for k in first
            if not labels[k].wrong and not labels[k].pale
        ],
    }
    return {
        cause: CauseCounts(
            sum(has for has, _ in pairs),
            sum(said for _, said in pairs),
            sum(has and said for has, said in pairs),
        )
        for cause, pairs in rows.items()
    }


def _two(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--metail", type=Path, help="folder with original/ and mask/")
    parser.add_argument("--photos", type=int, default=100, help="photos of each set")
    parser.add_argument("--cache", type=Path, default=Path("build/bench-causes"))
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
