"""How well wrong labels are found: `make bench-ranking` on real photos with planted faults.

    python -m benchmarks.learning.bench_ranking --ccp FOLDER --metail FOLDER [--photos N]

Measured on photos that the starter did not learn from: of Clothing Co-Parsing the test part of
`hemline train`'s split, of Metail all. What is learnt is learnt from those, the validation part and
drawn garments, out of fold by garment, and for each kind of fault from the other kinds alone; the
shipped risk model, which has seen every kind, takes no part. What was computed of a photo is kept
in the cache folder, so a run that was stopped goes on. Writes its part of docs/results.md.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from PIL import Image

from active_learning.order.usefulness import MetPrefills, fit_dice_predictor
from active_learning.risk.learn import FOLDS, fold_of
from active_learning.risk.planted import MASK_FAULTS
from active_learning.signals.label_signals import SIGNALS_VERSION
from benchmarks.learning.ranking_photos import RankingPhoto, look_at_all, tell
from benchmarks.learning.ranking_scores import (
    BASELINES,
    OURS,
    Interval,
    Scored,
    mean_auroc,
    redraw,
    score,
)
from benchmarks.results_page import write_part
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.starter import starter_path
from worker.folders.pairs import Pair
from worker.folders.prior import scenes
from worker.folders.rank import rank_folder

KINDS = tuple(str(kind) for kind in MASK_FAULTS)
STUDIO_KINDS = ("hem_cut", "under_arm", "polygon", "offset")
PAGE = Path("docs/results.md")
_STREET = ("", "")  # type and view of street photos: unknown
_MEMORY = (12, 48)  # photos after which memory is read


def main() -> None:
    """Measure what was asked for, print it, and write it down."""
    options = _options()
    model = options.model or starter_path()
    predictor = Predictor(model, device="cpu")
    cache = options.cache / f"v{SIGNALS_VERSION}-{file_digest(model)[:12]}"
    samples = list(open_data(f"ccp:{options.ccp}").samples)
    validation, test = split_by_garment(samples, (0.1, 0.15))
    photos = [
        look_at_all(group[: options.photos], predictor, cache)
        for group in (test, validation, scenes(options.drawn))
    ]
    lines = [_head(model, options), *_rows("Clothing Co-Parsing", photos, KINDS, options)]
    lines += _predicted_dice(photos[0], photos[1])
    if options.metail:
        studio = list(open_data(f"pairs:{options.metail}").samples)[: options.photos]
        own = look_at_all(studio, predictor, cache)
        lines += _rows("Metail", [own, *photos], STUDIO_KINDS, options)
    lines += _memory(predictor)
    write_part(options.out, "bench-ranking", _printed(lines))


def _head(model: Path, options: argparse.Namespace) -> str:
    return f"""## Wrong labels found

    make bench-ranking CCP=DIR METAIL=DIR

Starter {file_digest(model)[:12]}, seed {options.seed}. The photos are the test part of Clothing
Co-Parsing, and Metail; the starter learnt from neither. Learnt is from those photos out of fold,
the validation part and {options.drawn} drawn garments, and for each kind of fault from the other
kinds alone. AUROC is against the same photos' own labels [5 %, 95 % of 200 resamples]; the rest
is of {options.redraws} draws of 1,000 labels, a tenth of them bad, with replacement."""


def _rows(
    title: str,
    groups: Sequence[Sequence[RankingPhoto]],
    kinds: tuple[str, ...],
    options: argparse.Namespace,
) -> list[str]:
    """The tables of one data set: the first of the groups, learnt from all of them."""
    examples = [example for group in groups for photo in group for example in photo.examples]
    first = sum(len(photo.examples) for photo in groups[0])
    scored = score(examples, np.arange(len(examples)) < first, kinds)
    photos = int((scored.kind == "clean").sum())
    lines = [f"### {title}, {photos} photos", _auroc_table(scored, options.seed)]
    rows = [
        f"| {method} | "
        + " | ".join(map(str, redraw(scored, method, options.redraws, options.seed)))
        + " |"
        for method in (*BASELINES, OURS)
    ]
    head = "| score | AUPRC | precision in the first 50 | AUROC within the low-Dice tail |"
    return [*lines, "\n".join([head, "|---|---|---|---|", *rows])]


def _auroc_table(scored: Scored, seed: int) -> str:
    found = {method: mean_auroc(scored, method, seed) for method in (*BASELINES, OURS)}
    head = ["kind of fault", *found]
    rows = [["mean", *(str(mean) for _, mean in found.values())]]
    rows += [[kind, *(str(each[kind]) for each, _ in found.values())] for kind in scored.kinds]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def _predicted_dice(test: Sequence[RankingPhoto], validation: Sequence[RankingPhoto]) -> list[str]:
    """Error of predicted Dice on the test part, out of fold, beside the best constant's."""
    photos = [*test, *validation]
    rows = np.stack([photo.row for photo in photos])
    dice = np.array([photo.dice for photo in photos])
    names = [
        photo.examples[0].garment if photo.examples else str(k) for k, photo in enumerate(photos)
    ]
    folds = fold_of(names)
    errors, constant, covered = [], [], []
    for fold in range(FOLDS):
        known = folds != fold
        held = np.flatnonzero(~known & (np.arange(len(photos)) < len(test)))
        if not len(held):
            continue
        own = [name for name, is_known in zip(names, known, strict=True) if is_known]
        predictor = fit_dice_predictor(
            MetPrefills(
                rows[known],
                dice[known].tolist(),
                [math.nan] * len(own),
                own,
                [_STREET] * len(own),
            )
        )
        middle, low = predictor.predict(rows[held], [_STREET] * len(held))
        errors += np.abs(middle - dice[held]).tolist()
        constant += np.abs(np.median(dice[known]) - dice[held]).tolist()
        covered += (dice[held] >= low).tolist()
    ours, theirs = _resampled(errors), _resampled(constant)
    return [
        f"### Dice of a mask that nobody has corrected yet, {len(errors)} photos",
        "\n".join(
            [
                "| | mean absolute error |",
                "|---|---|",
                f"| a constant | {theirs} |",
                f"| predicted | {ours} |",
            ]
        ),
        f"The lower bound holds for {np.mean(covered):.0%} of them; it is made for 90 %.",
    ]


def _resampled(values: Sequence[float]) -> Interval:
    rng = np.random.default_rng(0)
    array = np.array(values)
    means = [array[rng.integers(len(array), size=len(array))].mean() for _ in range(1000)]
    return Interval(float(array.mean()), *(float(x) for x in np.percentile(means, [5, 95])))


def _memory(predictor: Predictor) -> list[str]:
    """Memory of this process while a folder of 2 MPx photos is ranked, after few and after many."""
    process = psutil.Process()
    found: dict[int, float] = {}
    with TemporaryDirectory() as name:
        pair = _large_pair(Path(name))

        pairs = [
            Pair(f"{pair.id}-{number}", pair.photo, pair.mask) for number in range(_MEMORY[1] + 1)
        ]

        def watched(pairs: Sequence[Pair]) -> Iterator[Pair]:
            for number, each in enumerate(pairs):
                if number in _MEMORY:
                    found[number] = process.memory_info().rss / 1e6
                yield each

        rank_folder(pairs, predictor, track=watched)
    few, many = _MEMORY
    each = (found[many] - found[few]) / (many - few)
    tell(f"memory {found}")
    return [
        "### Memory while scoring",
        f"{found[few]:.0f} MB after {few} photos of 2 MPx and {found[many]:.0f} MB after {many}: "
        f"{each:+.2f} MB a photo.",
    ]


def _large_pair(folder: Path) -> Pair:
    from hemline.studio.scene import draw_scene

    scene = draw_scene(1, height=768, width=512)
    for name, pixels in (("photo", scene.image), ("mask", scene.mask * 255)):
        Image.fromarray(pixels).resize((1152, 1728), Image.Resampling.NEAREST).save(
            folder / f"{name}.png"
        )
    return Pair("large", folder / "photo.png", folder / "mask.png")


def _printed(lines: Sequence[str]) -> str:
    text = "\n\n".join(lines)
    print(text, flush=True)
    return text


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ccp", type=Path, required=True, help="folder of Clothing Co-Parsing")
    parser.add_argument("--metail", type=Path, help="folder with original/ and mask/")
    parser.add_argument("--model", type=Path, help="model file; default: the starter")
    parser.add_argument("--photos", type=int, help="at most this many of each group, for a trial")
    parser.add_argument("--drawn", type=int, default=60, help="drawn garments to learn from")
    parser.add_argument("--redraws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path("build/bench-ranking"))
    parser.add_argument("--out", type=Path, default=PAGE, help="page that the part is written to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
