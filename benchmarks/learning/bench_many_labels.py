"""What a project of six labels gains by its first training: IoU of each label before and after.

    python -m benchmarks.learning.bench_many_labels --ccp FOLDER [--photos 60] [--model FILE]

The project begins from the starter of many classes, its classes merged into the six labels, and is
trained on `--photos` photos, of which a sixth chooses the epoch. All photos, those that it is
measured on too, are of the part of Clothing Co-Parsing that the starter was not trained on.
`--set KEY=VALUE` changes the recipe. Prints a Markdown table and the judgement of the candidate.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.errors import HemlineError
from hemline.masks.figures.overlap import class_iou
from hemline.segmentation.evaluation.evaluate import Evaluated, evaluate
from hemline.segmentation.evaluation.paired_test import judge
from hemline.segmentation.mapped_starter import map_classes, mapped_starter, starter_classes
from hemline.segmentation.model_card import read_card
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import load_recipe, with_values
from hemline.segmentation.training.memory import keep_memory
from hemline.segmentation.training.train_model import EpochReport, train

LABELS = {
    "top": ("top", "shirt", "sweater"),
    "trousers": ("trousers",),
    "skirt": ("skirt",),
    "dress": ("dress",),
    "outerwear": ("jacket", "coat"),
    "shoes": ("shoes",),
}


def main() -> None:
    options = parse_options()
    try:
        measure(options)
    except HemlineError as error:
        raise SystemExit(str(error)) from error


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", required=True, help="the folder of Clothing Co-Parsing")
    parser.add_argument("--photos", type=int, default=60, help="photos to train on")
    parser.add_argument("--held", type=int, default=60, help="photos to measure on")
    parser.add_argument("--model", type=Path, help="another starter of many classes")
    parser.add_argument("--recipe", default="hemline", help="what is trained")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the recipe")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> None:
    """Trains the project's first model, and prints what it brought."""
    keep_memory()
    known = read_card(options.model).labels if options.model else starter_classes()
    taken = {name for names in LABELS.values() for name in names}
    print(f"background: {', '.join(name for name in known if name not in taken)}\n")
    with tempfile.TemporaryDirectory(prefix="hemline-bench-") as folder:
        parent = Path(folder) / "parent.safetensors"
        parent.write_bytes(
            map_classes(options.model, LABELS) if options.model else mapped_starter(LABELS)
        )
        held, validation, training = photos_of(options, parent)
        print(f"{len(training)} photos to train on, {len(validation)} to validate on", flush=True)
        before = evaluate(Predictor(parent), held)
        result = train(
            with_values(load_recipe(options.recipe), options.set),
            training,
            validation,
            labels=tuple(LABELS),
            work_dir=Path(folder) / "work",
            initial=parent,
            on_epoch=tell,
        )
        after = evaluate(Predictor(result.path), held)
    print_table(before, after)


def photos_of(
    options: argparse.Namespace, parent: Path
) -> tuple[list[Sample], list[Sample], list[Sample]]:
    """Photos that the starter was not trained on: to measure, to validate and to train on."""
    recipe = read_card(parent).recipe
    samples = open_data(f"ccp:{options.ccp}", class_map(recipe.classes)).samples
    shares = (recipe.split.validation, recipe.split.test)
    unseen = split_by_garment(samples, shares, seed=recipe.split.seed)[1]
    needed = options.photos + options.held
    if len(unseen) < needed:
        raise SystemExit(f"{len(unseen)} photos were not trained on; {needed} are needed")
    chosen = np.random.default_rng(0).permutation(len(unseen))[:needed]
    held = [unseen[k] for k in chosen[: options.held]]
    project = [unseen[k] for k in chosen[options.held :]]
    part = len(project) // 6
    return held, project[:part], project[part:]


def tell(report: EpochReport) -> None:
    found = "–" if report.score is None else f"{report.score:.4f}"
    print(f"epoch {report.epoch}: loss {report.loss:.4f}, mean IoU {found}", flush=True)


def print_table(before: Evaluated, after: Evaluated) -> None:
    both = [class_iou(found.matrix)[1:] for found in (before, after)]
    print("\n| label | photos | IoU before | after | change |\n|---|---|---|---|---|")
    for k, label in enumerate(LABELS):
        print(row(label, str(int(before.photos[k + 1])), [values[k] for values in both]))
    print(row("mean", str(len(before.items)), [float(np.nanmean(values)) for values in both]))
    print("\n" + judge(after.items, before.items, level=0.05).decision)


def row(name: str, photos: str, values: Sequence[float]) -> str:
    old, new = values
    return f"| {name} | {photos} | {old:.3f} | {new:.3f} | {new - old:+.3f} |"


if __name__ == "__main__":
    main()
