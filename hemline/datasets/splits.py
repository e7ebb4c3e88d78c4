"""Splits by garment: all views of a garment fall on the same side, whatever order they come in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from hemline.datasets.sample import Sample
from hemline.errors import DatasetError

Garment = tuple[str, str]  # source and name: what a split keeps together

PARTS = ("all", "validation", "test")
_BUCKETS = 2**32


def split_by_garment(
    samples: Sequence[Sample], shares: Sequence[float], *, seed: int = 0
) -> list[list[Sample]]:
    """Parts with about the given shares of the garments; the shares sum to at most 1.

    A garment's part depends on its name, its source and the seed alone: adding photos moves none.
    What the shares leave over is in no part.
    """
    if any(share < 0 for share in shares) or sum(shares) > 1 + 1e-9:
        raise ValueError(f"shares {list(shares)} must be 0 or more and sum to at most 1")
    parts: list[list[Sample]] = [[] for _ in shares]
    for sample in samples:
        position = garment_position(sample.source, sample.garment, seed)
        edge = 0.0
        for part, share in zip(parts, shares, strict=True):
            edge += share
            if position < edge:
                part.append(sample)
                break
    return parts


def part_of_split(
    samples: Sequence[Sample], part: str, shares: Sequence[float], *, seed: int = 0
) -> Sequence[Sample]:
    """The samples of one of `PARTS` of the split that `hemline train` makes.

    shares: of validation and test.

    Raises:
        DatasetError: there is no such part, or the shares add up to more than 1.
    """
    if part not in PARTS:
        raise DatasetError(f"unknown part '{part}'; choose from {', '.join(PARTS)}")
    if part == "all":
        return samples
    if sum(shares) > 1:
        raise DatasetError(
            f"--validation {shares[0]:g} and --test {shares[1]:g} add up to more than 1"
        )
    return split_by_garment(samples, shares, seed=seed)[PARTS.index(part) - 1]


def folds_by_garment(
    samples: Sequence[Sample],
    count: int,
    *,
    seed: int = 0,
    known: Mapping[Garment, int] = MappingProxyType({}),
) -> list[list[Sample]]:
    """`count` parts of about as many garments each, every sample in one: for K-fold training.

    Other than in `split_by_garment`, adding photos may move others: folds must be of one size more
    than they must last. The garments in `known` stay in the fold that is named there, and the
    others fill the smallest.

    Raises:
        DatasetError: there are fewer garments than folds.
    """
    if count < 2:
        raise ValueError(f"{count} folds are too few; give 2 or more")
    garments = sorted(
        {(sample.source, sample.garment) for sample in samples},
        key=lambda garment: (garment_position(garment[0], garment[1], seed), garment),
    )
    if len(garments) < count:
        raise DatasetError(
            f"{len(garments)} garments cannot make {count} folds; add garments or use fewer folds"
        )
    fold = {garment: known[garment] for garment in garments if garment in known}
    sizes = Counter(fold.values())
    for garment in garments:
        if garment not in fold:
            fold[garment] = min(range(count), key=lambda k: sizes[k])
            sizes[fold[garment]] += 1
    folds: list[list[Sample]] = [[] for _ in range(count)]
    for sample in samples:
        folds[fold[sample.source, sample.garment]].append(sample)
    return folds


def without_garments_of(samples: Sequence[Sample], held: Sequence[Sample]) -> list[Sample]:
    """The samples that share no garment with those held back."""
    garments = {(sample.source, sample.garment) for sample in held}
    return [sample for sample in samples if (sample.source, sample.garment) not in garments]


def garment_position(source: str, garment: str, seed: int) -> float:
    """Where a garment stands in [0, 1), uniform over names."""
    digest = sha256(f"{seed}/{source}/{garment}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / _BUCKETS
