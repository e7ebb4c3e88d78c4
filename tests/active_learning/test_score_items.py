"""Scores: compared with the project, nobody counted twice, and always with a reason."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from active_learning.label_features import LabelFeatures
from active_learning.ranking import ProjectSample, Ranking
from active_learning.reasons import compared_numbers
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.risk.project_risk import ProjectRisk
from active_learning.score_items import PhotoScores, distances, score_photos
from active_learning.signals.garment_views import USUAL_VIEW, Oddness
from hemline.masks.figures.embedding import pack_embedding
from hemline.reasons import Evidence, Reason, Region
from worker.shipped_risk import shipped_risk_model

PLAIN = LabelFeatures(np.zeros(len(RISK_SIGNALS), dtype=np.float32))
ODD = Oddness(6.0, "its mask is 62% smaller")


def _ranking(photos: Sequence[LabelFeatures] = ()) -> Ranking:
    sample = ProjectSample(compared_numbers(photos, [0.0] * len(photos)), list(range(len(photos))))
    kept = Ranking(ProjectRisk(shipped_risk_model()), photos=sample).to_bytes()
    return Ranking.from_bytes(kept, shipped_risk_model())


def _score(
    ranking: Ranking, task: int, photo: LabelFeatures, oddness: Oddness = USUAL_VIEW
) -> PhotoScores:
    return score_photos(
        ranking,
        [photo],
        tasks=[task],
        embeddings=[None],
        flip_dice=[None],
        oddness=[oddness],
        groups=[("coat", "Front")],
    )


def _one(scores: PhotoScores, reason: Reason) -> Evidence:
    (found,) = [item for item in scores.reasons[0] if item.reason is reason]
    return found


def test_a_photo_of_which_nothing_was_seen_comes_first_and_says_why() -> None:
    scores = _score(_ranking(), 2, LabelFeatures(None, fixed_risk=0.1))
    assert scores.priorities == [1.0]
    assert [item.reason for item in scores.reasons[0]] == [Reason.TOO_COMPLICATED]
    assert scores.reasons[0][0].sentence == "the predicted mask has no outline"


def test_what_is_scored_is_not_counted_twice_for_being_in_the_sample() -> None:
    sample = [replace(PLAIN, low_contrast=0.01 * k) for k in range(11)]
    ranking = _ranking(sample)
    scored = _score(ranking, 10, sample[10])
    assert _one(scored, Reason.LOW_CONTRAST).percentile == 100
    edited = _score(ranking, 0, replace(sample[0], low_contrast=0.095))
    assert _one(edited, Reason.LOW_CONTRAST).percentile == 90


def test_an_odd_view_is_told_of_beside_what_is_complicated() -> None:
    whole = Region("polygon", [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]])
    sample = [replace(PLAIN, complexity=(0.01 * k,) * 6, whole=whole) for k in range(20)]
    ranking = _ranking(sample[:-1])
    both = _one(_score(ranking, 19, sample[19], oddness=ODD), Reason.TOO_COMPLICATED)
    assert both.sentence.startswith("its mask is 62% smaller")
    assert "; fine or busy outline" in both.sentence
    odd = _one(_score(ranking, 19, sample[5], oddness=ODD), Reason.TOO_COMPLICATED)
    assert odd.sentence.startswith("its mask is 62% smaller")
    assert odd.percentile is None
    assert odd.region == whole


def test_an_embedding_is_not_near_to_itself() -> None:
    rng = np.random.default_rng(3)
    packed = [pack_embedding(rng.normal(size=40)) for _ in range(8)]
    far = distances([packed[0], None], packed)
    assert far[0] > 0.5
    assert np.isnan(far[1])
    assert np.isnan(distances([packed[0]], [])[0])
