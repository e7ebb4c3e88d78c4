"""What a project of six labels gains by its first corrections: IoU of each label before and after.

    python -m benchmarks.learning.bench_many_labels --ccp FOLDER [--corrections 60] [--batch 60]

`hemline simulate` of six labels by their names: real Label Studio, backend and worker, which start
from the starter of many classes. All photos are of the part of Clothing Co-Parsing that the starter
was not trained on. Small as it is, it takes under ten minutes on two quiet cores; `--set KEY=VALUE`
changes the recipe further. Writes a part of docs/results.md, unless `--print` is given.
"""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.results_page import add_page_options, write_part
from hemline.demo.simulate import simulate
from hemline.demo.simulated import Row, as_markdown
from hemline.demo.simulated_data import open_simulated
from hemline.errors import HemlineError
from hemline.segmentation.recipe.recipe import load_recipe, with_values

LABELS = ("top", "trousers", "skirt", "dress", "outerwear", "shoes")
_SMALL = ("input.pixels=98_304", "fine_tune.epochs=6")  # the starter's own size


def main() -> None:
    options = parse_options(sys.argv[1:])
    try:
        rows = measure(options)
    except HemlineError as error:
        raise SystemExit(str(error)) from error
    text = report(options, rows)
    print(text)
    if options.out:
        write_part(options.out, "bench-many-labels", text)


def parse_options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", required=True, help="the folder of Clothing Co-Parsing")
    parser.add_argument("--corrections", type=int, default=60, help="photos to correct")
    parser.add_argument("--batch", type=int, default=60, help="corrections between trainings")
    parser.add_argument("--unseen", type=int, default=60, help="photos to measure on")
    parser.add_argument("--seed", type=int, default=0, help="chooses the photos")
    parser.add_argument("--recipe", default="hemline", help="what is trained")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the recipe")
    add_page_options(parser)
    return parser.parse_args(words)


def measure(options: argparse.Namespace) -> list[Row]:
    """Plays the annotator of the project; the rows as they are measured."""
    by_name = [f"{label}=auto" for label in LABELS]
    data = open_simulated(f"ccp:{options.ccp}", by_name, part="test")
    return simulate(
        data.dataset,
        corrections=options.corrections,
        batch=options.batch,
        unseen_at_most=options.unseen,
        seed=options.seed,
        starter_classes=data.starter_classes,
        recipe=with_values(load_recipe(options.recipe), [*_SMALL, *options.set]),
        on_row=lambda row: print(row.in_words, flush=True),
    )


def report(options: argparse.Namespace, rows: Sequence[Row]) -> str:
    """The part of the page."""
    trained = " ".join((options.recipe, *_SMALL, *options.set))
    return (
        "## What corrections do for six labels\n\n"
        "`hemline simulate` with six labels on photos of Clothing Co-Parsing that the starter was "
        "not trained on; IoU is of all pixels of the unseen photos.\n\n"
        f"{as_markdown(rows)}\n"
        "    make bench-many-labels CCP=FOLDER\n\n"
        f"Seed {options.seed}; the recipe {trained}; {rows[-1].minutes:.0f} minutes from the first "
        "correction on."
    )


if __name__ == "__main__":
    main()
