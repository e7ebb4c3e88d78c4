"""Rankings: kept without loss, honest about what they learnt from, and never in the way."""

from dataclasses import replace

import numpy as np
import pytest

from active_learning.label_features import Look
from active_learning.order.usefulness import fit_dice_predictor
from active_learning.reasons import Findings, Region
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.risk.risk_file import shipped_risk_model
from active_learning.signals.garment_views import USUAL_VIEW, Oddness
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.errors import ModelError
from hemline.masks.embedding import pack_embedding
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.states import Reason, ReviewKind
from hemline.store.tables.loop import Project
from worker.review.feature_codec import look_regions, look_values, read_look
from worker.review.garment_views import OddView
from worker.review.learning import Known, ProjectRisk, learn_risk
from worker.review.ranking_model import Planted, Ranking, ranking_of
from worker.review.score_items import PhotoLook, distances, place_photos

NOTHING = Findings(0.0, 0.0, float("nan"), (float("nan"),) * 6, None, "", None)

ODD = Oddness(6.0, "its mask is 62% smaller")


def _known(seed: int = 0) -> Known:
    """120 labels of 60 garments; half of them have one signal out of place."""
    rng = np.random.default_rng(seed)
    bad = np.arange(120) % 2 == 1
    rows = rng.normal(size=(120, len(RISK_SIGNALS))).astype(np.float32)
    rows[bad, RISK_SIGNALS.index("missing_total")] += 4
    garments = [f"G{k // 2}" for k in range(120)]
    return Known(rows, bad, garments, np.zeros(120, dtype=np.bool_))


@pytest.mark.learned
def test_what_is_learnt_is_judged_on_other_garments_and_survives_being_kept(tmp_path) -> None:
    known = _known()
    risk = learn_risk(known, shipped_risk_model(), labels=60)
    assert risk.figures["auroc"] > 0.9
    rows = np.random.default_rng(1).normal(size=(40, len(PREDICTION_SIGNALS))).astype(np.float32)
    dice = fit_dice_predictor(rows, np.linspace(0.5, 1, 40), [f"G{k}" for k in range(40)])
    ranking = Ranking(
        risk, [NOTHING], [NOTHING, NOTHING], [pack_embedding(np.ones(9))], dice,
        Planted(known.rows[:3], known.bad[:3], ("a", "b", "c")),
    )  # fmt: skip
    again = Ranking.from_bytes(ranking.to_bytes())
    looks = [Look(row, NOTHING) for row in known.rows]
    before = ranking.risk.risks(looks, known.garments)
    assert again.risk.risks(looks, known.garments) == before
    assert np.mean(np.array(before)[known.bad]) > np.mean(np.array(before)[~known.bad])
    assert np.array_equal(again.dice.predict(rows)[1], dice.predict(rows)[1])
    assert list(again.planted.labels) == ["a", "b", "c"]
    assert (len(again.labels), len(again.photos), again.embeddings) == (1, 2, ranking.embeddings)


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
    judged = np.array(alone.risks([Look(row, NOTHING) for row in rows], garments))
    assert abs(judged[bad].mean() - judged[~bad].mean()) < 0.15


def test_a_broken_ranking_is_none_and_the_project_begins_anew(tmp_path) -> None:
    for data in (b"", b"no ranking", Ranking(ProjectRisk(shipped_risk_model())).to_bytes()[:99]):
        with pytest.raises(ModelError):
            Ranking.from_bytes(data)
    artifacts = ArtifactStore(str(tmp_path))
    lost = Project(id=1, ranking_digest="0" * 64)
    broken = Project(id=1, ranking_digest=artifacts.put(b"no ranking", "ranking"))
    for project in (lost, broken, Project(id=1)):
        assert ranking_of(artifacts, project).risk.share == 0


@pytest.mark.parametrize("has_row", [True, False])
def test_a_look_survives_the_store_with_what_is_unknown(has_row: bool) -> None:
    row = np.full(len(RISK_SIGNALS), np.nan, dtype=np.float32)
    row[0] = 0.25
    box = Region("polygon", [[1.0, 2.0], [3.0, 2.0], [3.0, 5.5]])
    line = Region("line", [[1.0, 2.0], [3.0, 2.0]])
    findings = replace(NOTHING, excused=has_row, undecided=line, thin=box, whole=box)
    look = Look(row if has_row else None, findings, fixed_risk=None if has_row else 0.9, note="x")
    values = {k: None if v != v else v for k, v in look_values(look).items()}
    again = read_look(values, look_regions(look))
    assert (again.row is not None) == has_row
    if again.row is not None:
        assert np.array_equal(again.row, row, equal_nan=True)
    assert (again.fixed_risk, again.note) == (look.fixed_risk, "x")
    assert again.findings.excused == has_row
    assert (again.findings.undecided, again.findings.thin) == (line, box)
    assert again.findings.whole == box


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
    inverted, right, unseen = sure_right.risks([Look(row, NOTHING) for row in rows], ["a"] * 3)
    assert inverted > 0.85
    assert max(right, unseen) < 0.1


def test_a_photo_of_which_nothing_was_seen_comes_first_and_says_why() -> None:
    look = Look(None, NOTHING, fixed_risk=0.1)
    ranking = Ranking(ProjectRisk(shipped_risk_model()))
    (placed,) = place_photos(ranking, [PhotoLook(1, 2, 3, "", 4, "a" * 64, look, None, None)])
    assert placed.placed.kind == ReviewKind.PHOTO
    assert placed.placed.priority == 1
    assert list(placed.placed.reasons) == [Reason.TOO_COMPLICATED]


def _photo_look(task: int, findings: Findings, odd: Oddness = USUAL_VIEW) -> PhotoLook:
    look = Look(np.zeros(len(RISK_SIGNALS), dtype=np.float32), findings)
    return PhotoLook(1, task, task, "", task, "a" * 64, look, None, None, OddView(odd))


def test_what_is_placed_is_not_counted_twice_for_being_in_the_sample() -> None:
    sample = [replace(NOTHING, low_contrast=0.01 * k) for k in range(11)]
    ranking = Ranking(ProjectRisk(shipped_risk_model()), photos=sample, photo_tasks=list(range(11)))
    ranking = Ranking.from_bytes(ranking.to_bytes())
    (placed,) = place_photos(ranking, [_photo_look(10, sample[10])])
    assert placed.placed.reasons[Reason.LOW_CONTRAST]["percentile"] == 100
    (edited,) = place_photos(ranking, [_photo_look(0, replace(sample[0], low_contrast=0.095))])
    assert edited.placed.reasons[Reason.LOW_CONTRAST]["percentile"] == 90


def test_an_odd_view_is_told_of_beside_what_is_complicated() -> None:
    whole = Region("polygon", [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]])
    sample = [replace(NOTHING, complexity=(0.01 * k,) * 6, whole=whole) for k in range(20)]
    ranking = Ranking(ProjectRisk(shipped_risk_model()), photos=sample[:-1])
    (both,) = place_photos(ranking, [_photo_look(19, sample[19], odd=ODD)])
    told = both.placed.reasons[Reason.TOO_COMPLICATED]
    assert told["sentence"].startswith("its mask is 62% smaller")
    assert "; fine or busy outline" in told["sentence"]
    (odd,) = place_photos(ranking, [_photo_look(19, sample[5], odd=ODD)])
    told = odd.placed.reasons[Reason.TOO_COMPLICATED]
    assert told["sentence"].startswith("its mask is 62% smaller")
    assert told["percentile"] is None
    assert told["region"] == {"kind": "polygon", "points": whole.points}


def test_an_embedding_is_not_near_to_itself() -> None:
    rng = np.random.default_rng(3)
    packed = [pack_embedding(rng.normal(size=40)) for _ in range(8)]
    far = distances([packed[0], None], packed)
    assert far[0] > 0.5
    assert np.isnan(far[1])
    assert np.isnan(distances([packed[0]], [])[0])
