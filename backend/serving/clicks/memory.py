"""What was answered to clicks a moment ago.

The page saves a draft some seconds after an answer. Until then nothing that it sends shows the
mask that it has, and clicks that come meanwhile would each begin from the mask before. So an answer
is believed for a few seconds, unless a draft was saved after it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.clicks.maps import Click

BELIEVED_S = 12.0
_DRAFT_AFTER_S = 0.5  # a draft that has an answer is saved this much later at least
_KEPT_BYTES = 128 * 2**20  # some 60 regions on photos of 2 Mpx


@dataclass(frozen=True, slots=True)
class Answered:
    """A region as it was answered last.

    Attributes:
        mask: (H, W) bool.
        rle: the same, as the page has it.
        clicks: the clicks that led to it, the newest last.
        keys: Label Studio's ids of all clicks and boxes that it has in it.
        at: when it was answered, Unix seconds; 0: it was not.
    """

    mask: NDArray[np.bool_]
    rle: Sequence[int] = ()
    clicks: tuple[Click, ...] = ()
    keys: frozenset[str] = frozenset()
    at: float = 0.0

    def answered_with(self, rle: Sequence[int]) -> Self:
        """This, as it is answered now."""
        return replace(self, rle=rle, at=time.time())

    @property
    def nbytes(self) -> int:
        return self.mask.nbytes + 8 * len(self.rle)

    def is_believed(self, draft_at: float) -> bool:
        """Whether the page has this and not what its draft of `draft_at` (Unix seconds) has."""
        age = time.time() - self.at
        return 0 <= age < BELIEVED_S and draft_at < self.at + _DRAFT_AFTER_S


class ClickMemory:
    """The newest answers by region. The least recently used go first."""

    def __init__(self, limit: int = _KEPT_BYTES) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Answered] = OrderedDict()
        self._size = 0

    def find(self, key: Hashable) -> Answered | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: Hashable, answered: Answered) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._size += answered.nbytes - (before.nbytes if before is not None else 0)
            self._kept[key] = answered
            while self._size > self._limit and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._size -= dropped.nbytes
