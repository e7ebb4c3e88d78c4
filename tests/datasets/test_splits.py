"""Splits: garments never straddle, and adding photos moves none."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.datasets.sample import Sample
from hemline.datasets.splits import folds_by_garment, split_by_garment, without_garments_of
from hemline.errors import DatasetError
from tests.datasets.files import never_loaded


def sample(garment: str, view: str) -> Sample:
    return Sample(id=f"{garment}_{view}", garment=garment, view=view, source="x", load=never_loaded)


garments = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=30)


@given(garments, st.integers(0, 9))
def test_views_stay_together_and_nothing_is_lost(names, seed):
    samples = [sample(name, view) for view in ("Front", "Back") for name in names]
    parts = split_by_garment(samples, (0.2, 0.3, 0.5), seed=seed)
    seen = [{item.garment for item in part} for part in parts]
    assert sum(len(part) for part in seen) == len(set(names))
    assert sorted(item.id for part in parts for item in part) == sorted(s.id for s in samples)


@given(garments, st.text(min_size=7, max_size=8))
def test_adding_a_photo_moves_none(names, extra):
    samples = [sample(name, "") for name in names]
    before = split_by_garment(samples, (0.5, 0.5))
    after = split_by_garment([sample(extra, ""), *samples], (0.5, 0.5))
    for old, new in zip(before, after, strict=True):
        assert [item.id for item in new if item.garment != extra] == [item.id for item in old]


def test_shares_are_about_right():
    parts = split_by_garment([sample(str(n), "") for n in range(4000)], (0.1, 0.2, 0.7))
    assert [round(len(part) / 4000, 1) for part in parts] == [0.1, 0.2, 0.7]


@pytest.mark.parametrize("shares", [(0.6, 0.6), (-0.1, 0.5)])
def test_impossible_shares(shares):
    with pytest.raises(ValueError, match="shares"):
        split_by_garment([], shares)


@given(garments, st.integers(2, 6), st.integers(0, 9))
def test_folds_are_of_one_size_and_keep_views_together(names, count, seed):
    samples = [sample(name, view) for view in ("Front", "Back") for name in names]
    if len(names) < count:
        with pytest.raises(DatasetError, match=f"{len(names)} garments cannot make {count} folds"):
            folds_by_garment(samples, count, seed=seed)
        return
    folds = folds_by_garment(samples, count, seed=seed)
    seen = [{item.garment for item in fold} for fold in folds]
    assert sum(len(fold) for fold in seen) == len(set(names))
    assert max(map(len, seen)) - min(map(len, seen)) <= 1
    assert sorted(item.id for fold in folds for item in fold) == sorted(s.id for s in samples)


def test_folds_do_not_hang_on_the_order_of_the_photos():
    samples = [sample(str(n), "") for n in range(20)]
    forward, backward = folds_by_garment(samples, 4), folds_by_garment(samples[::-1], 4)
    assert [{s.id for s in fold} for fold in forward] == [{s.id for s in fold} for fold in backward]
    assert forward != folds_by_garment(samples, 4, seed=1)


@given(garments, st.lists(st.text(min_size=7, max_size=8), unique=True, max_size=5))
def test_known_garments_keep_their_fold_and_new_ones_fill_the_smallest(names, more):
    if len(names) < 3:
        return
    before = folds_by_garment([sample(name, "") for name in names], 3, seed=2)
    known = {(s.source, s.garment): fold for fold, part in enumerate(before) for s in part}
    grown = [sample(name, "") for name in (*more, *names)]
    after = folds_by_garment(grown, 3, seed=2, known=known)
    for old, new in zip(before, after, strict=True):
        assert {s.id for s in old} <= {s.id for s in new}
    assert max(map(len, after)) - min(map(len, after)) <= 1


def test_what_shares_a_garment_with_those_held_back_is_left_out():
    held = [sample("coat", "Front")]
    other = replace(sample("coat", "Back"), source="y")
    some = [sample("coat", "Back"), other, sample("hat", "Front")]
    assert without_garments_of(some, held) == [other, some[2]]


def test_one_fold_is_none():
    with pytest.raises(ValueError, match="1 folds are too few"):
        folds_by_garment([], 1)


@given(garments, st.integers(0, 9), st.data())
def test_garments_that_were_joined_share_a_part(names, seed, data):
    samples = [sample(name, "") for name in names]
    joined = [data.draw(st.sampled_from(names)) for _ in names]
    grouped = [replace(item, garment=name) for item, name in zip(samples, joined, strict=True)]
    parts = split_by_garment(grouped, (0.4, 0.6), seed=seed)
    seen = [{item.garment for item in part} for part in parts]
    assert not seen[0] & seen[1]
