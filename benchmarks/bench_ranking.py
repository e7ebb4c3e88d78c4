"""How well wrong labels are found: `make bench-ranking` on real photos with planted faults.

    python benchmarks/bench_ranking.py --ccp FOLDER --metail FOLDER [--photos N] [--cache FOLDER]

The photos are those the model did not train on: of Clothing Co-Parsing the validation and the test
part of `hemline train`'s split, of Metail all. Everything learnt is learnt from the same photos,
out of fold by garment, and for each kind of fault from the other kinds alone; the shipped risk
model, which has seen these photos, takes no part. Signals are kept in the cache folder, so a run
that was stopped goes on. Prints Markdown.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from active_learning.label_risk import fit_labels
from active_learning.label_signals import VERSION
from active_learning.learn import CLEAN, FOLDS, Example, fold_of, out_of_fold_rows
from active_learning.planted import MASK_FAULTS
from active_learning.prior import examples_of
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.errors import HemlineError
from hemline.segmentation.model_file import file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path

KINDS = tuple(str(kind) for kind in MASK_FAULTS)
STUDIO_KINDS = ("hem_cut", "under_arm", "polygon", "offset")
BASELINES = ("softmin", "model_dice", "boundary_iou", "contrast_p10")
OURS = "label risk"
BASE_RATE = 0.1

Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Measured:
    """Examples with the scores of each method, higher for a label more likely wrong.

    Of OURS a fault's score is that of the model learnt without its kind, and `clean` (kinds, n)
    are the clean labels' scores by each of those models.
    """

    examples: list[Example]
    scores: Scores
    clean: dict[str, NDArray[np.float64]]
    kinds: tuple[str, ...]


def main() -> None:
    """Measure what was asked for and print it."""
    options = _options()
    model = options.model or starter_path()
    predictor = Predictor(model, device="cpu")
    cache = options.cache / f"v{VERSION}-{file_digest(model)[:12]}"
    print(f"Model {file_digest(model)[:12]}, signals version {VERSION}, seed {options.seed}.\n")
    if options.ccp:
        samples = open_data(f"ccp:{options.ccp}").samples
        held = [s for part in split_by_garment(samples, (0.1, 0.15)) for s in part]
        examples = gather(held[: options.photos], predictor, cache)
        report("Clothing Co-Parsing", measure(examples, KINDS), options.redraws, options.seed)
    if options.metail:
        samples = open_data(f"pairs:{options.metail}").samples
        examples = gather(list(samples)[: options.photos], predictor, cache)
        report("Metail", measure(examples, STUDIO_KINDS), options.redraws, options.seed)


def gather(samples: Sequence[Sample], predictor: Predictor, cache: Path) -> list[Example]:
    """Each photo's label and its spoilt copies, from the cache where they are there."""
    examples: list[Example] = []
    for k, sample in enumerate(samples):
        keep = cache / sample.source / f"{sample.id}.npz"
        try:
            examples += examples_of(sample, samples[(k + 7) % len(samples)], predictor, keep=keep)
        except HemlineError as error:
            print(f"left out {sample.id}: {error}", file=sys.stderr)
        if k % 20 == 0:
            print(f"{k} of {len(samples)} photos", file=sys.stderr)
    return examples


def measure(examples: list[Example], kinds: tuple[str, ...]) -> Measured:
    """Scores of each method; OURS leaves out each kind in turn, and every photo's own fold."""
    scores = {name: np.array([-e.signals.values[name] for e in examples]) for name in BASELINES}
    folds = fold_of([e.garment for e in examples])
    named = np.array([e.kind for e in examples])
    ours = np.zeros(len(examples))
    clean: dict[str, NDArray[np.float64]] = {}
    for kind in kinds:
        learnt = np.flatnonzero(named != kind)
        odds = _leave_out(examples, folds, learnt)
        ours[named == kind] = odds[named == kind]
        clean[kind] = odds[named == CLEAN]
        print(f"learnt without {kind}", file=sys.stderr)
    ours[named == CLEAN] = np.mean(list(clean.values()), axis=0)
    return Measured(examples, {**scores, OURS: ours}, clean, kinds)


def report(title: str, measured: Measured, redraws: int, seed: int) -> None:
    """Print the tables of one data set."""
    named = np.array([e.kind for e in measured.examples])
    photos = int((named == CLEAN).sum())
    print(f"### {title}, {photos} photos\n")
    print("AUROC of each kind of fault against the same photos' clean labels.\n")
    print("| score | mean | " + " | ".join(measured.kinds) + " |")
    print("|---|" + "---|" * (1 + len(measured.kinds)))
    for name in (*BASELINES, OURS):
        values = [by_kind(measured, name, kind) for kind in measured.kinds]
        cells = " | ".join(f"{value:.3f}" for value in values)
        print(f"| {name} | **{np.mean(values):.3f}** | {cells} |")
    first = max(5, round(0.05 * photos))
    print(f"\n{BASE_RATE:.0%} of the labels bad, {redraws} redraws: mean [5 %, 95 %].\n")
    print(
        f"| score | AUROC | AUPRC | precision in the first {first} | AUROC in the low-Dice tail |"
    )
    print("|---|---|---|---|---|")
    for name in (*BASELINES, OURS):
        draws = [
            mixture(measured, name, first, np.random.default_rng([seed, k])) for k in range(redraws)
        ]
        print(f"| {name} | " + " | ".join(_interval(column) for column in zip(*draws, strict=True))
              + " |")  # fmt: skip
    print()


def by_kind(measured: Measured, name: str, kind: str) -> float:
    """AUROC of one kind's faults against the clean labels, by one score."""
    named = np.array([e.kind for e in measured.examples])
    bad = measured.scores[name][named == kind]
    clean = measured.clean[kind] if name == OURS else measured.scores[name][named == CLEAN]
    known = np.concatenate([np.ones(len(bad)), np.zeros(len(clean))])
    return float(roc_auc_score(known, np.concatenate([bad, clean])))


def mixture(
    measured: Measured, name: str, first: int, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """AUROC, AUPRC, precision in the first few, and AUROC in the low-Dice tail, of one draw.

    A tenth of the photos show a spoilt label of a random kind, the others their own.
    """
    by_photo: dict[str, dict[str, int]] = {}
    for k, example in enumerate(measured.examples):
        by_photo.setdefault(example.garment, {})[example.kind] = k
    garments = rng.permutation(sorted(by_photo))
    spoilt = max(1, round(BASE_RATE * len(garments)))
    chosen, bad = [], []
    for place, garment in enumerate(garments.tolist()):
        kinds = [kind for kind in measured.kinds if kind in by_photo[garment]]
        is_bad = place < spoilt and bool(kinds)
        kind = kinds[int(rng.integers(len(kinds)))] if is_bad else CLEAN
        chosen.append(by_photo[garment][kind])
        bad.append(is_bad)
    known, score = np.array(bad), measured.scores[name][chosen]
    agreement = np.array([measured.examples[k].signals.values["model_dice"] for k in chosen])
    middle = float(np.median(agreement))
    tail = agreement < middle - 2.5 * 1.4826 * float(np.median(np.abs(agreement - middle)))
    in_tail = float("nan")
    if len(np.unique(known[tail])) == 2:
        in_tail = float(roc_auc_score(known[tail], score[tail]))
    order = np.argsort(-score, kind="stable")[:first]
    return (
        float(roc_auc_score(known, score)),
        float(average_precision_score(known, score)),
        float(known[order].mean()),
        in_tail,
    )


def _leave_out(
    examples: list[Example], folds: NDArray[np.int64], learnt: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Log odds of every example by models that saw neither its fold nor the kind left out."""
    rows = out_of_fold_rows(examples, folds, learn_from=learnt)
    bad = np.array([e.bad for e in examples])
    odds = np.zeros(len(examples))
    for fold in range(FOLDS):
        known = learnt[folds[learnt] != fold]
        forest = fit_labels(rows[known], bad[known])
        odds[folds == fold] = forest.raw(rows[folds == fold])
    return odds


def _interval(values: Sequence[float]) -> str:
    known = np.array([value for value in values if np.isfinite(value)])
    if not len(known):
        return "–"
    low, high = np.percentile(known, [5, 95])
    return f"{known.mean():.3f} [{low:.3f}, {high:.3f}]"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ccp", type=Path, help="root folder of Clothing Co-Parsing")
    parser.add_argument("--metail", type=Path, help="folder with original/ and mask/")
    parser.add_argument("--model", type=Path, help="model file; default: the starter")
    parser.add_argument("--photos", type=int, help="at most this many of each data set")
    parser.add_argument("--redraws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path("build/bench-ranking"))
    options = parser.parse_args()
    if not (options.ccp or options.metail):
        parser.error("give --ccp FOLDER, --metail FOLDER or both")
    return options


if __name__ == "__main__":
    main()
