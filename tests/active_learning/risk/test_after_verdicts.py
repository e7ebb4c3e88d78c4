"""Verdicts move the risks of labels that are like those judged, and of no others."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from active_learning.risk.after_verdicts import (
    SESSION_S,
    LabelPlaces,
    fault_signs,
    shifted_risks,
)
from active_learning.risk.label_risk import RISK_SIGNALS

HEM = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)  # missing at the bottom
ARM = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # extra in the middle


def places(*labels: tuple[str, float, tuple[float, ...]]) -> LabelPlaces:
    people = [name for name, _, _ in labels]
    made = np.array([made for _, made, _ in labels])
    return LabelPlaces(people, made, np.array([signs for _, _, signs in labels]).reshape(-1, 6))


OTHERS = places(
    ("ann", 60.0, HEM),
    ("ann", 60.0, ARM),
    ("ann", 4 * SESSION_S, HEM),
    ("ben", 0.0, HEM),
)
RISKS = np.array([0.2, 0.2, 0.2, 0.2])


def after(*wrong: bool) -> NDArray[np.float64]:
    judged = places(*(("ann", 0.0, HEM) for _ in wrong))
    risks = np.full(len(wrong), 0.3)
    return shifted_risks(RISKS, OTHERS, risks, judged, np.array(wrong, dtype=np.bool_))


def test_without_verdicts_nothing_moves() -> None:
    assert after() == pytest.approx(RISKS)


def test_a_wrong_label_brings_forward_its_like_and_nothing_else() -> None:
    like, other_kind, other_day, other_person = after(True)
    assert like > 0.5
    assert 0.2 < other_kind < 0.25
    assert 0.2 < other_day < 0.25
    assert other_person == pytest.approx(0.2)


def test_right_labels_put_their_like_back_and_more_verdicts_say_more() -> None:
    assert after(False)[0] < 0.15
    assert after(True, True)[0] > after(True)[0] > after(True, False)[0] > after(False)[0]


def test_what_was_expected_says_less() -> None:
    judged, yes = places(("ann", 0.0, HEM)), np.array([True])
    surprise, expected = (
        shifted_risks(RISKS, OTHERS, np.array([risk]), judged, yes)[0] for risk in (0.02, 0.97)
    )
    assert surprise > expected > 0.2


def test_the_shift_is_the_likeliest_one() -> None:
    """Against the posterior mode that an optimiser finds for the judged labels themselves."""
    rng = np.random.default_rng(3)
    judged = LabelPlaces(["ann"] * 6, rng.uniform(0, 7200, 6), rng.dirichlet(np.ones(6), 6))
    risks = rng.uniform(0.1, 0.6, 6)
    wrong = np.array([True, False, True, True, False, False])
    own = np.log(risks / (1 - risks))
    apart = np.abs(judged.made_s[:, None] - judged.made_s)
    away = ((judged.signs[:, None] - judged.signs) ** 2).sum(axis=2)
    inverse = np.linalg.inv(5 * np.exp(-apart / SESSION_S - away / 0.5))

    def unlikely(shift: NDArray[np.float64]) -> float:
        sign = np.where(wrong, 1, -1)
        return float(np.logaddexp(0, -sign * (own + shift)).sum() + shift @ inverse @ shift / 2)

    found = minimize(unlikely, np.zeros(6), method="BFGS", options={"gtol": 1e-8}).x
    expected = 1 / (1 + np.exp(-(own + found)))
    assert shifted_risks(risks, judged, risks, judged, wrong) == pytest.approx(expected, abs=1e-4)


def test_signs_are_shares_of_where_label_and_model_differ() -> None:
    rows = np.zeros((3, len(RISK_SIGNALS)), dtype=np.float32)
    rows[0, RISK_SIGNALS.index("missing_bottom")] = 0.03
    rows[0, RISK_SIGNALS.index("extra_top")] = 0.01
    rows[2] = np.nan
    signs = fault_signs(rows)
    assert signs[0] == pytest.approx([0, 0, 0.75, 0.25, 0, 0])
    assert not signs[1:].any()
