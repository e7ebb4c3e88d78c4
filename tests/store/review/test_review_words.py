"""Numbers of review items in words."""

import pytest

from hemline.reasons import Reason
from hemline.store.review.review_words import evidence_words, priority_words


@pytest.mark.parametrize(
    ("priority", "said"),
    [(0.0, "0%"), (0.004, "under 1%"), (0.38, "38%"), (0.996, "over 99%"), (1.0, "100%")],
)
def test_what_is_not_sure_is_not_said_to_be(priority: float, said: str) -> None:
    assert priority_words(priority) == said


def test_a_rank_is_said_of_what_it_is_a_rank_of() -> None:
    evidence = {"number": 0.38, "percentile": 99.97, "sentence": "the hem is off"}
    assert (
        evidence_words(Reason.BAD_GROUND_TRUTH, evidence)
        == evidence_words("bad_ground_truth", evidence)
        == "the hem is off; label risk higher than 99% of the project"
    )
    assert evidence_words(Reason.LOW_CONTRAST, evidence).endswith(
        "; higher than 99% of the project"
    )
    middle = evidence | {"percentile": 50.0}
    assert evidence_words(Reason.LOW_CONTRAST, middle) == "the hem is off"
    unknown = evidence | {"percentile": None}
    assert evidence_words(Reason.LOW_CONTRAST, unknown) == "the hem is off"
    assert evidence_words(Reason.LOW_CONTRAST, "none of ours") == ""
