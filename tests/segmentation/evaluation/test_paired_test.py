"""The gate: a candidate is promoted only if it is better, garments being what is counted."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from hemline.segmentation.evaluation.evaluate import ItemFigures
from hemline.segmentation.evaluation.paired_test import judge
from hemline.segmentation.evaluation.sign_flips import sign_flip_p
from tests.segmentation.evaluation.figures import equal_figures


def figures(dice: list[float], views: int = 1) -> list[ItemFigures]:
    return [
        equal_figures(f"{number}-{view}", f"g{number}", value)
        for number, value in enumerate(dice)
        for view in range(views)
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=2, max_size=9))
def test_p_is_scipys_exact_one(difference):
    values = np.array(difference)
    theirs = permutation_test(
        (values,), np.mean, permutation_type="samples", alternative="greater", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p(values) == pytest.approx(theirs, abs=1e-9)


def test_drawn_p_is_near_the_exact_one():
    values = np.random.default_rng(3).normal(0.02, 0.05, 16)
    theirs = permutation_test(
        (values,), np.mean, permutation_type="samples", alternative="greater", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p(values) == pytest.approx(theirs, abs=0.02)


def test_better_on_each_of_five_garments_is_promoted():
    judgement = judge(figures([0.9] * 5), figures([0.8] * 5), level=0.05)
    assert judgement.promoted
    assert judgement.figures["p"] == pytest.approx(1 / 32)
    assert judgement.decision.startswith("promoted: Dice +0.1000")


@pytest.mark.parametrize("theirs", [[0.9] * 5, [0.95] * 5, [0.85, 0.95, 0.85, 0.95, 0.9]])
def test_equal_or_worse_is_not_promoted(theirs):
    assert not judge(figures([0.9] * 5), figures(theirs), level=0.05).promoted


def test_views_of_a_garment_do_not_count_as_evidence_of_their_own():
    three_garments = judge(figures([0.9] * 3, views=4), figures([0.8] * 3, views=4), level=0.05)
    assert not three_garments.promoted
    assert three_garments.figures["p"] == pytest.approx(1 / 8)


def test_too_few_garments_are_said_to_be_too_few():
    assert "fewer than 5 garments cannot reach this level" in (
        judge(figures([0.9] * 4), figures([0.8] * 4), level=0.05).decision
    )
    assert "fewer" not in judge(figures([0.9] * 5), figures([0.8] * 5), level=0.05).decision


def test_right_outlines_with_the_wrong_labels_lose():
    """The garment as a whole is masked better, each label worse."""
    confused = [replace(item, labels={"dress": 0.1, "skirt": 0.0}) for item in figures([0.99] * 6)]
    right = [replace(item, labels={"dress": 0.9}) for item in figures([0.9] * 6)]
    judgement = judge(confused, right, level=0.05)
    assert not judgement.promoted
    assert judgement.figures["difference"] == pytest.approx(0.05 - 0.9)
    assert judge(right, confused, level=0.05).promoted


def test_the_means_differ_by_the_difference():
    candidate = [*figures([0.9], views=3), *figures([0.8, 0.7])[1:]]
    champion = [*figures([0.5], views=3), *figures([0.8, 0.6])[1:]]
    judged = judge(candidate, champion, level=0.05).figures
    assert judged["mean_dice"] - judged["champion_mean_dice"] == pytest.approx(judged["difference"])


def test_without_a_champion_the_empty_mask_is_the_rival():
    assert judge(figures([0.7] * 5), None, level=0.05).promoted
    assert not judge(figures([0.0] * 5), None, level=0.05).promoted


def test_an_empty_gold_split_promotes_nothing():
    assert not judge([], [], level=0.05).promoted


def test_different_gold_is_a_programming_error():
    with pytest.raises(ValueError, match="different garments"):
        judge(figures([0.9] * 5), figures([0.9] * 4), level=0.05)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.001, 1).map(lambda x: round(x, 3)), min_size=8, max_size=8))
def test_one_look_promotes_by_chance_at_most_as_often_as_the_level_says(sizes):
    """Every pattern of signs is as likely where neither model is better."""
    signed = [np.array(sizes) * signs for signs in product((1.0, -1.0), repeat=8)]
    assert sum(sign_flip_p(values) <= 0.05 for values in signed) <= 0.05 * len(signed)


def test_a_look_after_each_garment_promotes_more_often():
    signed = [np.linspace(1, 2, 8) * signs for signs in product((1.0, -1.0), repeat=8)]
    looks = [[sign_flip_p(values[:n]) for n in range(5, 9)] for values in signed]
    assert sum(min(each) <= 0.05 for each in looks) > 0.05 * len(signed)


def test_the_sentence_calls_the_garments_what_they_are():
    judgement = judge(figures([0.9] * 5), figures([0.8] * 5), level=0.05, garments="others")
    assert "on 5 others, p = 0.0312 (needs 0.05)" in judgement.decision
    assert judgement.decision == f"promoted: {judgement.measured}"
