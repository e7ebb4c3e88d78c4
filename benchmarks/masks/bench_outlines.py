"""Outline figures beside the plain way of taking them: milliseconds a photo, and equal results.

    python -m benchmarks.masks.bench_outlines [--data studio:8]

The plain way takes each figure by itself, over the whole photo: margins by erosions of 3 x 3, and
two exact distance maps for each of boundary F, HD95 and ASSD. Predictions are the true masks with
their outlines shaken. Prints a Markdown table; asserts nothing.
"""

import argparse
import time
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sources import open_data
from hemline.masks.figures.boundary import TOLERANCE_PX, boundary_figures

Mask = NDArray[np.uint8]

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
SQUARE = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
SHAKES = {"slightly": 0.1, "much": 1.0}  # noise before the outline is smoothed again


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default="studio:8", help="KIND:PATH, as of `hemline train`")
    options = parser.parse_args()
    samples = open_data(options.data).samples
    masks = [sample.load()[1] for sample in samples]
    truths = [(mask == 1).astype(np.uint8) for mask in masks if (mask == 1).any()]
    print(f"{len(truths)} masks, the first {truths[0].shape[1]} x {truths[0].shape[0]} px\n")
    print("| outline shaken | plain, ms | hemline, ms | times as fast | largest difference |")
    print("|---|---|---|---|---|")
    for name, noise in SHAKES.items():
        plain, ours, difference = compare(truths, noise)
        print(
            f"| {name} | {plain * 1000:.1f} | {ours * 1000:.1f} | {plain / ours:.1f} "
            f"| {difference:.1e} |"
        )


def compare(truths: list[Mask], noise: float) -> tuple[float, float, float]:
    """Median seconds of processor time a photo of both ways, and how far figures differ at most."""
    plain, ours, differences = [], [], [0.0]
    for truth, mask in shaken(truths, noise):
        begin = time.process_time()
        expected = plain_figures(mask, truth)
        middle = time.process_time()
        found = boundary_figures(mask, truth)
        end = time.process_time()
        plain.append(middle - begin)
        ours.append(end - middle)
        figures = (found.boundary_iou, found.boundary_f, found.hd95, found.assd)
        differences.extend(abs(a - b) for a, b in zip(expected, figures, strict=True))
    return float(np.median(plain)), float(np.median(ours)), max(differences)


def shaken(truths: list[Mask], noise: float) -> Iterator[tuple[Mask, Mask]]:
    rng = np.random.default_rng(0)
    for truth in truths:
        shaky = truth + rng.normal(0, noise, truth.shape)
        smooth = cv2.GaussianBlur(shaky.astype(np.float32), (0, 0), 4)
        yield truth, (smooth > 0.5).astype(np.uint8)


def plain_figures(a: Mask, b: Mask) -> tuple[float, float, float, float]:
    margins = [inner_margin(mask) for mask in (a, b)]
    iou = float((margins[0] & margins[1]).sum() / (margins[0] | margins[1]).sum())
    near_b, near_a = (float((side <= TOLERANCE_PX).mean()) for side in edge_distances(a, b))
    f_score = 2 * near_a * near_b / (near_a + near_b)
    hd95 = max(float(np.percentile(side, 95)) for side in edge_distances(a, b))
    assd = float(np.concatenate(edge_distances(a, b)).mean(dtype=np.float64))
    return iou, f_score, hd95, assd


def inner_margin(mask: Mask) -> Mask:
    width = max(1, round(0.02 * float(np.hypot(*mask.shape))))
    padded = np.pad(mask, 1)
    core = cv2.erode(padded, SQUARE, iterations=width, borderValue=0)
    return (padded - core)[1:-1, 1:-1].astype(np.uint8)


def edge_distances(a: Mask, b: Mask) -> list[NDArray[np.float32]]:
    padded = [np.pad(mask, 1) for mask in (a, b)]
    edges = [mask - cv2.erode(mask, CROSS) for mask in padded]
    maps = [cv2.distanceTransform(1 - edge, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for edge in edges]
    return [
        np.asarray(maps[1][edges[0] > 0], dtype=np.float32),
        np.asarray(maps[0][edges[1] > 0], dtype=np.float32),
    ]


if __name__ == "__main__":
    main()
