"""Rankings: kept without loss, and honest about what they learnt from."""

import numpy as np
import pytest

from active_learning.label_features import LabelFeatures
from active_learning.order.usefulness import MetPrefills, fit_dice_predictor
from active_learning.ranking import PlantedRows, ProjectSample, Ranking
from active_learning.reasons import COMPARED
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.risk.project_risk import Known, ProjectRisk, learn_risk
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.errors import ModelError
from hemline.masks.figures.embedding import pack_embedding
from hemline.reasons import MaskCheck
from worker.shipped_risk import shipped_risk_model


def _known(seed: int = 0) -> Known:
    """120 labels of 60 garments; half of them have one signal out of place."""
    rng = np.random.default_rng(seed)
    bad = np.arange(120) % 2 == 1
    rows = rng.normal(size=(120, len(RISK_SIGNALS))).astype(np.float32)
    rows[bad, RISK_SIGNALS.index("missing_total")] += 4
    garments = [f"G{k // 2}" for k in range(120)]
    return Known(rows, bad, garments, np.zeros(120, dtype=np.bool_))


@pytest.mark.learned
def test_what_is_learnt_is_judged_on_other_garments_and_survives_being_kept() -> None:
    known = _known()
    risk = learn_risk(known, shipped_risk_model(), labels=60)
    assert risk.figures["auroc"] > 0.9
    rows = np.random.default_rng(1).normal(size=(200, len(PREDICTION_SIGNALS)))
    rows = rows.astype(np.float32)
    dices = np.linspace(0.5, 1, 200).tolist()
    groups = [("coat", "Front"), ("", "")] * 100
    hd95 = np.linspace(0.01, 0.05, 200).tolist()
    dice = fit_dice_predictor(MetPrefills(rows, dices, hd95, [f"G{k}" for k in range(200)], groups))
    numbers = np.arange(3.0 * COMPARED).reshape(3, COMPARED)
    numbers[1, 2] = np.nan
    checks = np.arange(2.0 * len(MaskCheck)).reshape(2, -1)
    ranking = Ranking(
        risk,
        ProjectSample(numbers[:1], [7]),
        ProjectSample(numbers[1:], [8, 9], checks),
        [pack_embedding(np.ones(9))],
        dice,
        planted=PlantedRows(known.rows[:3], known.bad[:3], ("a", "b", "c")),
    )
    again = Ranking.from_bytes(ranking.to_bytes(), shipped_risk_model())
    features = [LabelFeatures(row) for row in known.rows]
    before = ranking.risk.risks(features, known.garments)
    assert again.risk.risks(features, known.garments) == before
    assert np.mean(np.array(before)[known.bad]) > np.mean(np.array(before)[~known.bad])
    assert np.array_equal(again.dice.predict(rows, groups)[1], dice.predict(rows, groups)[1])
    assert again.dice.bounds == dice.bounds
    assert again.dice.outlines == dice.outlines
    assert set(dice.outlines.own) == {("coat", "Front"), ("", "")}
    assert list(again.planted.labels) == ["a", "b", "c"]
    assert (again.labels.tasks, again.photos.tasks) == ([7], [8, 9])
    assert np.array_equal(again.photos.numbers, numbers[1:], equal_nan=True)
    assert np.array_equal(again.photos.without({8}).numbers, numbers[2:])
    assert np.array_equal(again.photos.without({8}).checks, checks[1:])
    assert np.isnan(again.labels.checks).all()  # none were kept
    assert again.embeddings == ranking.embeddings


@pytest.mark.learned
def test_a_label_is_judged_by_a_model_that_did_not_see_its_garment() -> None:
    """Each row is told apart by its garment alone: who learnt from it would know it."""
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(120, len(RISK_SIGNALS))).astype(np.float32)
    garments = [f"G{k // 2}" for k in range(120)]
    bad = rng.random(120) < 0.5
    risk = learn_risk(
        Known(rows, bad, garments, np.zeros(120, dtype=np.bool_)), shipped_risk_model(), labels=60
    )
    assert 0.3 < risk.figures["auroc"] < 0.7
    alone = ProjectRisk(risk.prior, risk.folds, 1.0, 0.0, share=1.0)
    judged = np.array(alone.risks([LabelFeatures(row) for row in rows], garments))
    assert abs(judged[bad].mean() - judged[~bad].mean()) < 0.15


def test_broken_bytes_are_no_ranking() -> None:
    whole = Ranking(ProjectRisk(shipped_risk_model())).to_bytes()
    for data in (b"", b"no ranking", whole[:99]):
        with pytest.raises(ModelError):
            Ranking.from_bytes(data, shipped_risk_model())


def test_a_label_that_shares_nothing_with_a_sure_prediction_is_never_at_the_bottom() -> None:
    """However right the project's own model finds its outline: an inverted mask's is perfect."""
    rows = np.zeros((3, len(RISK_SIGNALS)), dtype=np.float32)
    rows[:, RISK_SIGNALS.index("own_expected_dice")] = [0.97, 0.97, np.nan]
    rows[:, RISK_SIGNALS.index("model_dice")] = [0.01, 0.9, np.nan]
    sure_right = ProjectRisk(
        shipped_risk_model(),
        learn_risk(_known(), shipped_risk_model(), 60).folds,
        1.0,
        -9.0,
        share=1.0,
    )
    inverted, right, unseen = sure_right.risks([LabelFeatures(row) for row in rows], ["a"] * 3)
    assert inverted > 0.85
    assert max(right, unseen) < 0.1
