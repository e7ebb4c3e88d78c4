"""Masks that are wrong on purpose, with what is right: what a branch learns to put right."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Inside = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

_GRID = 8  # px of the network's size to one of the segments'
_SEGMENTS = 28
_LEAST = 0.0005  # share of the photo from which a part is worth a click
_SHARES = {"champion": 0.35, "part": 0.35, "blob": 0.15, "outline": 0.08, "empty": 0.07}


@dataclass(frozen=True, slots=True)
class Draft:
    """A mask to begin from, and what it should become; both `(H, W)` bool."""

    mask: Inside
    truth: Inside


def make_draft(
    champion: Inside,
    truth: Inside,
    parts: Callable[[], NDArray[np.uint8]],
    rng: np.random.Generator,
) -> Draft:
    """A draft of one photo: the champion's mask, or one with a part, a blob or an outline wrong.

    Where a part of something else is wanted too (a bag that this annotator counts), it is in the
    truth and not in the mask; where one is not wanted, it is in neither: the branch learns to
    follow the person, not the data set.

    Args:
        champion: (H, W) bool, what the champion draws.
        truth: (H, W) bool.
        parts: gives (H, W) of what belongs together, 0 is nothing: class ids or `colour_segments`.
    """
    kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    mask = champion if rng.random() < 0.7 else truth
    if kind == "empty":
        return Draft(np.zeros_like(truth), truth)
    if kind == "part":
        return _with_part(mask, truth, parts(), rng)
    if kind == "blob":
        return Draft(mask ^ _blob(truth, rng), truth)
    if kind == "outline":
        return Draft(_moved(mask, rng), truth)
    return Draft(champion, truth)


def colour_segments(image: Pixels, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Parts of a photo (H, W, 3) uint8 RGB by colour and place, (H, W) uint8 from 1 on."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // _GRID, height // _GRID), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32).reshape(-1, 3)
    rows, columns = np.mgrid[: small.shape[0], : small.shape[1]]
    place = np.stack([rows.ravel(), columns.ravel()], 1).astype(np.float32)
    data = np.concatenate([lab, place * (120 / max(small.shape[:2]))], 1)
    start = rng.integers(0, _SEGMENTS, len(data)).astype(np.int32)[:, None]
    _, labels, _ = cv2.kmeans(
        data,
        _SEGMENTS,
        start,
        (cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0),
        1,
        cv2.KMEANS_USE_INITIAL_LABELS,
    )
    ids = (labels.reshape(small.shape[:2]) + 1).astype(np.uint8)
    return cv2.resize(ids, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _with_part(
    mask: Inside, truth: Inside, parts: NDArray[np.uint8], rng: np.random.Generator
) -> Draft:
    sizes = np.bincount(parts.ravel())
    ids = [k for k in range(1, len(sizes)) if sizes[k] >= _LEAST * parts.size]
    if not ids:
        return Draft(mask ^ _blob(truth, rng), truth)
    part = np.asarray(parts == rng.choice(ids))
    share = float(truth[part].mean())
    if share > 0.5:  # of the garment: left out by mistake, or not wanted by this person
        if rng.random() < 0.75 or not (truth & ~part).any():
            return Draft(mask & ~part, truth)
        return Draft(mask | (part & truth), truth & ~part)
    if rng.random() < 0.6:
        return Draft(mask | part, truth)
    return Draft(mask, truth | part)


def _blob(truth: Inside, rng: np.random.Generator) -> Inside:
    """An uneven ellipse somewhere at the garment's outline."""
    height, width = truth.shape
    edge = truth ^ cv2.erode(truth.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    rows, columns = np.nonzero(edge if edge.any() else np.ones_like(truth))
    chosen = int(rng.integers(len(rows)))
    size = max(8.0, np.sqrt(max(truth.sum(), 1)) * rng.uniform(0.05, 0.3))
    points = []
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        reach = size * rng.uniform(0.4, 1.0)
        points.append(
            (columns[chosen] + reach * np.cos(angle), rows[chosen] + reach * np.sin(angle))
        )
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillPoly(drawn, [np.asarray(points, np.int32)], 1)
    return drawn.astype(bool)


def _moved(mask: Inside, rng: np.random.Generator) -> Inside:
    """The mask a few pixels wider or narrower in one half of it."""
    size = int(rng.integers(2, 6))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    change = cv2.dilate if rng.random() < 0.5 else cv2.erode
    moved = change(mask.astype(np.uint8), kernel).astype(bool)
    height, width = mask.shape
    rows, columns = np.mgrid[:height, :width]
    angle = rng.uniform(0, 2 * np.pi)
    side = (rows - height / 2) * np.sin(angle) + (columns - width / 2) * np.cos(angle) > 0
    return np.where(side, moved, mask)
