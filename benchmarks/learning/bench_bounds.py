"""Whether bounds of Dice and of outlines hold in each group: `make bench-bounds`.

    python -m benchmarks.learning.bench_bounds --ccp FOLDER --metail FOLDER [--out FILE | --print]

The starter's masks of photos that it did not learn from: Metail's fronts, and of Clothing
Co-Parsing the test and the validation part of `hemline train`'s split. Time and again half of all
photos set the bounds and the others are looked at. Predicted Dice is the model's own expectation,
moved as in a project with few corrections. What was computed of the photos is kept in the cache
folder. Writes its part of docs/results.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from active_learning.order.bounds import Group, fit_bounds
from active_learning.order.usefulness import NO_BOUND, doubt
from benchmarks.learning.met_prefills import MetMasks, measure, photo_options
from benchmarks.results_page import write_part
from hemline.datasets.sources import open_data
from hemline.datasets.splits import split_by_garment
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.starter import starter_path

_STUDIO: Group = ("mannequin", "Front")
_STREET: Group = ("street", "")
_SPLITS = 500

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Held:
    """Of one group over all splits: the share of photos that keep within, and the median bound."""

    dice: float
    dice_bound: float
    outline: float
    outline_bound: float


def main() -> None:
    """Measure, print, and write down."""
    options = photo_options(__doc__)
    street = split_by_garment(list(open_data(f"ccp:{options.ccp}").samples), (0.1, 0.15))
    found = {
        _STUDIO: measure(open_data(f"pairs:{options.metail}").samples, options.cache / "metail"),
        _STREET: measure([*street[1], *street[0]], options.cache / "street"),
    }
    held = check_bounds(found, splits=_SPLITS)
    names = {_STUDIO: "Metail, fronts", _STREET: "Clothing Co-Parsing"}
    lines = [
        "## Bounds of predicted Dice and of outlines",
        "",
        "    make bench-bounds CCP=DIR METAIL=DIR",
        "",
        f"Starter {file_digest(starter_path())[:12]}. {_SPLITS} random halves of all photos set",
        "the bounds, of nine in ten, and the other halves are looked at. The bound of an outline",
        "is of its 95th percentile, as a share of the square root of the mask's area.",
        "",
        "| | photos | Dice is at least the bound | margin | outline is within | bound |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {names[group]} | {len(found[group].dice)} | {row.dice:.1%} | {row.dice_bound:.3f} "
            f"| {row.outline:.1%} | {row.outline_bound:.3f} |"
            for group, row in held.items()
        ),
    ]
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-bounds", text)


def check_bounds(found: dict[Group, MetMasks], *, splits: int, seed: int = 0) -> dict[Group, Held]:
    """How often bounds hold in each group, over so many random halves."""
    groups = [group for group, part in found.items() for _ in part.dice]
    expected, truth, outline = (
        np.concatenate([getattr(part, name) for part in found.values()])
        for name in ("expected", "dice", "outline")
    )
    rng = np.random.default_rng(seed)
    seen: dict[Group, list[Values]] = {group: [] for group in found}
    for _ in range(splits):
        order = rng.permutation(len(truth))
        known, new = order[: len(order) // 2], order[len(order) // 2 :]
        middle = np.clip(expected + np.median(truth[known] - expected[known]), 0, 1)
        each = doubt(middle)
        of_known, of_new = [groups[k] for k in known], [groups[k] for k in new]
        over = fit_bounds(((middle - truth) / each)[known], of_known, most=NO_BOUND)
        away = fit_bounds((outline / each)[known], of_known, most=np.inf)
        margin = np.maximum(over.of(of_new), 0) * each[new]
        within = away.of(of_new) * each[new]
        rows = np.stack(
            [truth[new] >= middle[new] - margin, margin, outline[new] <= within, within], axis=1
        )
        for group, kept in seen.items():
            kept.append(rows[[own == group for own in of_new]])
    return {group: _held(np.concatenate(rows)) for group, rows in seen.items()}


def _held(rows: Values) -> Held:
    return Held(
        float(rows[:, 0].mean()),
        float(np.median(rows[:, 1])),
        float(rows[:, 2].mean()),
        float(np.median(rows[:, 3])),
    )


if __name__ == "__main__":
    main()
