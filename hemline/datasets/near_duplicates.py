"""Near-duplicates: the same shot twice, re-encoded, resized or cropped, or two of a burst."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hemline.datasets.sample import Sample
from hemline.errors import HemlineError

Fingerprint = NDArray[np.float32]

_SIDE = 12  # px of a fingerprint
_CONTRAST = 50.0  # standard deviation of a fingerprint
_FLAT = 8.0  # grey levels: photos of less contrast are not stretched to full
_EXACT = 1.5  # levels of a fingerprint: what storing a photo again as JPEG may change
_RANK = 10  # the neighbour that tells how far apart different photos of a set are
_NEAR = 0.45  # share of that distance below which two photos are one
_ROWS = 512  # of the table of distances that are held at a time
_THREADS = 4


def group_near_duplicates(samples: Sequence[Sample]) -> list[Sample]:
    """The samples in their order, near-duplicates under one garment, so that no split parts them.

    A fixed threshold that finds the copies among street photos would take a studio's photos, all of
    the same mannequin before the same wall, for one. So two photos count as one where they are much
    closer than either is to its tenth nearest other photo (Lowe's ratio test, with a rank that
    leaves room for bursts). In a set of 20 photos or fewer, only copies stored anew are found. A
    photo that cannot be read, or that a sample cannot give quickly, stays as it is.

    Garments that share a near-duplicate become one garment, named as the first of them by source
    and name; each sample keeps its id and view.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        fingerprints = list(pool.map(_fingerprint_of, samples))
    seen = [index for index, found in enumerate(fingerprints) if found is not None]
    pairs = near_pairs(np.array([fingerprints[index] for index in seen], dtype=np.float32))
    garments = sorted({(sample.source, sample.garment) for sample in samples})
    number = {garment: index for index, garment in enumerate(garments)}
    numbers = [number[sample.source, sample.garment] for sample in samples]
    links = np.array([(numbers[seen[one]], numbers[seen[other]]) for one, other in pairs])
    leaders = _first_connected(len(garments), links.reshape(-1, 2))
    return [
        replace(sample, source=garments[leaders[index]][0], garment=garments[leaders[index]][1])
        for sample, index in zip(samples, numbers, strict=True)
    ]


def fingerprint(image: NDArray[np.uint8]) -> Fingerprint:
    """A photo `(H, W, 3)` as `(432,)`: 12 x 12 px in colour, brightness and contrast evened out."""
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    evened: Fingerprint = (small - small.mean()) / (small.std() + _FLAT) * _CONTRAST
    return evened.ravel()


def near_pairs(
    fingerprints: NDArray[np.float32], *, copies_only: bool = False
) -> list[tuple[int, int]]:
    """Pairs `(i, j)`, i < j, of rows of `fingerprints` (N, D) that show the same.

    `copies_only` leaves out all but a photo stored anew, in another size or quality.
    """
    count = len(fingerprints)
    if count < 2:
        return []
    rank = min(_RANK, count - 1)
    neighbours = np.empty((count, rank), dtype=np.int64)
    distances = np.empty((count, rank), dtype=np.float32)
    for start in range(0, count, _ROWS):
        rows = slice(start, start + _ROWS)
        neighbours[rows], distances[rows] = _nearest(fingerprints, rows, rank)
    few = copies_only or count <= 2 * _RANK
    typical = np.zeros(count, dtype=np.float32) if few else distances[:, -1]
    limits = np.maximum(_EXACT, _NEAR * typical)
    near = distances <= np.minimum(limits[:, None], limits[neighbours])
    return sorted(
        {
            (min(row, other), max(row, other))
            for row, rank in np.argwhere(near).tolist()
            for other in (int(neighbours[row, rank]),)
        }
    )


def _nearest(
    fingerprints: NDArray[np.float32], rows: slice, rank: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `rank` nearest other fingerprints of each row, nearest first, and how far away (RMS)."""
    some = fingerprints[rows]
    squares = (fingerprints**2).sum(axis=1)
    apart = (
        squares[rows][:, None] + squares[None] - 2 * some @ fingerprints.T
    ) / fingerprints.shape[1]
    here = np.arange(len(some))
    apart[here, here + rows.start] = np.inf
    nearest = np.argpartition(apart, rank - 1, axis=1)[:, :rank]
    found = np.take_along_axis(apart, nearest, axis=1)
    order = np.argsort(found, axis=1)
    found = np.sqrt(np.maximum(np.take_along_axis(found, order, axis=1), 0))
    return np.take_along_axis(nearest, order, axis=1), found.astype(np.float32)


def _fingerprint_of(sample: Sample) -> Fingerprint | None:
    if sample.read is None:
        return None
    try:
        data = np.frombuffer(sample.read(), dtype=np.uint8)
        # An eighth of the size is enough, and JPEG decodes to it several times faster.
        image = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_8) if data.size else None
    except (OSError, HemlineError):
        return None  # loading it says why
    except cv2.error:
        return None  # fewer than 8 px a side, or more than OpenCV decodes
    return None if image is None else fingerprint(np.asarray(image, dtype=np.uint8))


def _first_connected(count: int, links: NDArray[np.int64]) -> list[int]:
    """For each of `count` nodes the lowest node that links (N, 2) connect it with."""
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    _, components = connected_components(graph, directed=False)
    _, first = np.unique(components, return_index=True)
    return [int(first[component]) for component in components]
