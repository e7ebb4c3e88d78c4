"""How far guesses may be off: bounds that nine in ten items of each group keep within.

Split conformal prediction (Lei et al. 2018, arXiv:1604.04173), in each group of items apart where
there are enough of them (Vovk et al. 2005, Mondrian predictors): what holds for nine in ten coats
from behind need not hold for nine in ten of all photos.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.9  # share of the items of a group that keep within its bound
FEWEST = 50  # items of a group for a bound of its own

Group = tuple[str, str]  # garment type and view, each "" where unknown


@dataclass(frozen=True)
class GroupBounds:
    """What errors keep within, by the group of the item.

    `own` has the groups with enough items of their own; a garment type with the view "" is of the
    type's other views together. `rest` is of all items that are in no such group.
    """

    rest: float
    own: Mapping[Group, float] = field(default_factory=dict)

    def of(self, groups: Sequence[Group]) -> NDArray[np.float64]:
        """The bounds (N,) of items of these groups."""
        return np.array(
            [
                self.own.get((kind, view), self.own.get((kind, ""), self.rest))
                for kind, view in groups
            ]
        )


def fit_bounds(errors: NDArray[np.float64], groups: Sequence[Group], *, most: float) -> GroupBounds:
    """Bounds from the errors (N,) of N items that nothing was learnt from.

    Groups with fewer than 50 items are pooled, first with the other views of their garment type,
    then with all that is left; where less than 50 are left, they have the bound of all items.

    Args:
        errors: (N,) how far a guess was off, in the direction that the bound is to hold.
        groups: garment type and view of each item.
        most: the bound where too few items are known to say anything.
    """
    own: dict[Group, float] = {}
    left = list(range(len(errors)))
    for pooled in (False, True):
        members: dict[Group, list[int]] = defaultdict(list)
        for k in left:
            members[(groups[k][0], "") if pooled else groups[k]].append(k)
        large = {group: items for group, items in members.items() if len(items) >= FEWEST}
        own |= {group: bound(errors[items], most=most) for group, items in large.items()}
        taken = {k for items in large.values() for k in items}
        left = [k for k in left if k not in taken]
    rest = errors[left] if len(left) >= FEWEST else errors
    return GroupBounds(bound(rest, most=most), own)


def bound(errors: NDArray[np.float64], *, most: float) -> float:
    """What nine in ten further errors keep within, with the correction for a finite number (N,) of
    them; `most` if there are too few to say (fewer than nine)."""
    rank = int(np.ceil((len(errors) + 1) * COVERAGE))
    if rank > len(errors):
        return most
    return float(min(np.sort(errors)[rank - 1], most))
