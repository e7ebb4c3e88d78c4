"""How often the checks of masks are raised on right labels: `make bench-checks`.

    python -m benchmarks.masks.bench_checks --ccp FOLDER --metail FOLDER [--out FILE | --print]

Metail's fronts are cut out by hand, one garment each, in a studio; CCP's photos are from the
street, and every second one is taken. A check that is raised there is an alarm for nothing, or a
flaw that the label has. Writes its part of docs/results.md.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from active_learning.checks.look import CheckFigure
from active_learning.checks.mask_checks import LIMITS, check_mask, stands_out
from benchmarks.results_page import add_page_options, write_part
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.reasons import MaskCheck

_EVERY = 2  # of CCP's photos

Checks = dict[MaskCheck, CheckFigure]


def main() -> None:
    """Measure, print, and write down."""
    options = _options()
    fronts = open_data(f"pairs:{options.metail / 'front'}").samples
    street = open_data(f"ccp:{options.ccp}").samples[::_EVERY]
    began = time.perf_counter()
    metail, ccp = _look(fronts), _look(street)
    each = 1000 * (time.perf_counter() - began) / (len(metail) + len(ccp))
    lines = [
        "## Checks of masks on right labels",
        "",
        "    make bench-checks CCP=folder METAIL=folder",
        "",
        f"{len(metail)} of Metail's fronts, cut out by hand, and {len(ccp)} of CCP's photos. The",
        "limit is where a check is worth a word; beside it, on how many right labels that is,",
        "and the number that 98 % of them do not pass.",
        "",
        "| | limit | Metail | 98 % | CCP | 98 % |",
        "|---|--:|--:|--:|--:|--:|",
        *(_row(check, metail, ccp) for check in MaskCheck),
        "",
        f"All checks of a photo take {each:.0f} ms on one core, reading it included.",
    ]
    text = "\n".join(lines)
    print(text)
    if options.out:
        write_part(options.out, "bench-checks", text)


def _look(samples: Sequence[Sample]) -> list[Checks]:
    found = []
    for sample in samples:
        photo, mask = sample.load()
        if (mask > 0).any():
            found.append(check_mask(photo, (mask > 0).astype(np.uint8)))
    return found


def _row(check: MaskCheck, metail: Sequence[Checks], ccp: Sequence[Checks]) -> str:
    cells = [cell for labels in (metail, ccp) for cell in _cells(check, labels)]
    return f"| {check.words} | {LIMITS[check]:g} | {' | '.join(cells)} |"


def _cells(check: MaskCheck, labels: Sequence[Checks]) -> tuple[str, str]:
    numbers = np.array([label[check].number for label in labels])
    raised = sum(stands_out(check, float(number)) for number in numbers)
    usual = np.nanpercentile(numbers, 2 if check is MaskCheck.LOW_RESOLUTION else 98)
    return f"{raised} ({raised / len(labels):.1%})", f"{usual:.3g}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ccp", type=Path, required=True, help="folder of CCP")
    parser.add_argument("--metail", type=Path, required=True, help="folder of Metail's cut-outs")
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
