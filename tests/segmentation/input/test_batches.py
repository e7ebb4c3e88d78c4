"""The plan of an epoch: which photos come, how often, and in how many batches."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hemline.segmentation.input.batches import photos_of_rare_labels, plan_epoch


@dataclass
class Sizes:
    """What a plan asks of a cache."""

    sizes: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.sizes)


def counted(cache: Sizes, often: Any, epochs: int, batch: int = 8) -> tuple[Counter[int], set[int]]:
    """How often each photo came, and the numbers of batches."""
    shown: Counter[int] = Counter()
    lengths = set()
    for epoch in range(epochs):
        plan = plan_epoch(
            cast(Any, cache), batch=batch, repeats=1, seed=3, epoch=epoch, often=often
        )
        lengths.add(len(plan))
        for part in plan:
            assert len({cache.sizes[index] for index in part}) == 1
            shown.update(part)
    return shown, lengths


def test_a_photo_of_a_rare_label_is_shown_as_often_as_its_rarest_label_says() -> None:
    present = np.zeros((100, 3), dtype=bool)
    present[:, 0] = True
    present[:5, 1] = True  # f = 0.05: sqrt(0.2 / 0.05) = 2
    present[3:23, 2] = True  # f = 0.2: as all are
    often = photos_of_rare_labels(present, 0.2)
    assert often is not None
    np.testing.assert_allclose(often, [2.0] * 5 + [1.0] * 95)


def test_nothing_is_rare_where_every_label_is_common_or_in_no_photo() -> None:
    present = np.array([[True, False], [True, False], [False, False]])
    assert photos_of_rare_labels(present, 0.5) is None
    assert photos_of_rare_labels(present, 0.0) is None
    assert photos_of_rare_labels(np.zeros((0, 2), dtype=bool), 0.5) is None


def test_over_epochs_each_photo_comes_as_often_as_said_in_as_many_batches() -> None:
    cache = Sizes([(32, 64)] * 30 + [(64, 32)] * 21)
    often = np.where(np.arange(51) % 7 == 0, 2.3, 1.0)
    shown, lengths = counted(cache, often, 600, batch=1)
    assert len(lengths) == 1
    # A batch of one is doubled; the number of a shape's photos is rounded up.
    means = np.array([shown[index] / 2 / 600 for index in range(51)])
    np.testing.assert_allclose(means, often, rtol=0.04)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(1, 5)), min_size=2, max_size=40),
    st.integers(0, 2**20),
)
@example([(False, 1.0), (False, 1.0), (False, 1.25)], 0)  # 3.25 are more than three points
def test_no_photo_is_left_out_of_an_epoch(photos: list[tuple[bool, float]], epoch: int) -> None:
    cache = Sizes([(32, 32) if wide else (64, 32) for wide, _ in photos])
    often = np.array([times for _, times in photos])
    plan = plan_epoch(cast(Any, cache), batch=4, repeats=1, seed=0, epoch=epoch, often=often)
    shown = Counter(index for part in plan for index in part)
    assert set(shown) == set(range(len(photos)))


def test_without_rare_labels_each_photo_comes_once() -> None:
    shown, _ = counted(Sizes([(32, 32)] * 18), None, 1)
    assert shown == Counter(range(18))
