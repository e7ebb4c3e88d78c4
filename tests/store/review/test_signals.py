"""Signals wait until they are computed, belong to one mask and one photo, and are claimed once."""

from typing import Any

import numpy as np
import pytest

from hemline.masks.histograms import THRESHOLDS, probability_histograms
from hemline.reasons import Evidence, Reason
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.corrections import withdraw_annotations
from hemline.store.loop.predictions import claim_send, save_prediction
from hemline.store.loop.tasks import AUDIT_SHARE, upsert_task
from hemline.store.reports.project_statistics import (
    by_group,
    corrected_prefills,
    outlier_reasons,
    summary_of,
    tuned_thresholds,
)
from hemline.store.review.garment_views import MOST_VIEWS, values_of_views
from hemline.store.review.queries import keep_told, label_page, photo_page
from hemline.store.review.scores import scores_to_change
from hemline.store.review.signals import (
    MAX_ATTEMPTS,
    anything_waits,
    claim_labels,
    claim_predictions,
    expect_label,
    give_up,
    keep_prediction,
    put_back,
    store_label_values,
    store_prediction_values,
)
from hemline.store.review.triage import accept, corrected_above, set_triage, take_back
from hemline.store.review.verdicts import settle_label
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals

NOW = 0.0  # seconds a claim lasts: none


def _task(store: Store, project: Project, number: int, **fields: Any) -> Task:
    with store.session() as session:
        return upsert_task(
            session, project.id, ls_task_id=number, data={}, image_url=f"/{number}.jpg",
            **{"garment": f"D{number}", "view": "Front", **fields},
        )  # fmt: skip


def _predict(
    store: Store, task: Task, version: ModelVersion, photo: str = "a", score: float = 0.5
) -> Prediction:
    with store.session() as session:
        saved = save_prediction(
            session, task_id=task.id, model_version_id=version.id, image_digest=photo * 64,
            mask_digest="b" * 64, score=score, region_scores={},
        )  # fmt: skip
        keep_prediction(
            session, saved, map_digest=photo * 64, histograms=b"h", embedding=b"e", flip_dice=0.9
        )
        return saved


def _label(
    store: Store, task: Task, digest: str = "c", prediction: Prediction | None = None,
    **fields: Any,
) -> Annotation:  # fmt: skip
    with store.session() as session:
        row = record_annotation(
            session, project_id=task.project_id, task_id=task.id,
            ls_annotation_id=task.ls_task_id, mask_digest=digest * 64,
            prediction_id=prediction.id if prediction else None, **fields,
        )  # fmt: skip
        session.get_one(Task, task.id).is_labeled = True
        expect_label(session, row)
        return row


def _claim(store: Store, version: int = 1, window_s: float = NOW) -> list[LabelSignals]:
    with store.session() as session:
        return list(claim_labels(session, version, 10, window_s=window_s))


def _store_label(store: Store, claimed: LabelSignals, **fields: Any) -> bool:
    values: dict[str, Any] = {"version": 1, "prediction_id": None, "values": {"softmin": 0.5},
                              "regions": {}, "histograms": None, "risk": 0.3}  # fmt: skip
    with store.session() as session:
        return store_label_values(session, claimed, **values | fields)


def test_a_prediction_of_another_photo_replaces_the_signals(
    store: Store, task: Task, version: ModelVersion
) -> None:
    _predict(store, task, version)
    with store.session() as session:
        (claimed,) = claim_predictions(session, 1, 10, window_s=NOW)
        assert store_prediction_values(
            session, claimed, version=1, values={"x": 1}, regions={"pale": None}, cluster=4
        )
    _predict(store, task, version)  # the same photo again changes nothing
    with store.reading() as session:
        kept = session.get_one(PredictionSignals, claimed.prediction_id)
        assert (kept.values, kept.regions, kept.cluster) == ({"x": 1}, {"pale": None}, 4)
    _predict(store, task, version, photo="f")
    with store.session() as session:
        fresh = session.get_one(PredictionSignals, claimed.prediction_id)
        assert (fresh.values, fresh.version, fresh.map_digest) == ({}, 0, "f" * 64)
        assert not store_prediction_values(
            session, claimed, version=1, values={}, regions={}, cluster=None
        )


def test_a_claim_holds_for_a_while_and_attempts_run_out(store: Store, task: Task) -> None:
    _label(store, task)
    assert len(_claim(store)) == 1
    assert _claim(store, window_s=60) == []
    for _ in range(MAX_ATTEMPTS - 1):
        assert len(_claim(store)) == 1
    assert _claim(store) == []
    with store.reading() as session:
        assert not anything_waits(session, 1, window_s=NOW)


def test_a_newer_version_has_attempts_of_its_own(store: Store, task: Task) -> None:
    """What it computes of a mask may well be what the older one could not."""
    _label(store, task)
    while _claim(store):
        pass
    (claimed,) = _claim(store, version=2)
    with store.session() as session:
        assert anything_waits(session, 2, window_s=NOW)
        give_up(session, claimed, 2)
        assert not anything_waits(session, 2, window_s=NOW)
    for _ in range(MAX_ATTEMPTS):
        assert len(_claim(store, version=3)) == 1
    assert _claim(store, version=3) == []
    (claimed,) = _claim(store, version=4)
    assert _store_label(store, claimed, version=4)
    assert _claim(store, version=4) == []
    assert len(_claim(store, version=5)) == 1


def test_what_waits_for_something_else_loses_no_attempt(store: Store, task: Task) -> None:
    _label(store, task)
    for _ in range(2 * MAX_ATTEMPTS):
        (claimed,) = _claim(store)
        with store.session() as session:
            put_back(session, claimed)


def test_two_who_claim_at_once_get_different_rows(
    store: Store, project: Project, in_threads: Any
) -> None:
    for number in range(1, 9):
        _label(store, _task(store, project, number))
    found = in_threads(4, lambda _: [row.annotation_id for row in _claim(store, window_s=60)])
    claimed = [number for rows in found for number in rows]
    assert len(claimed) == len(set(claimed))


def test_an_edited_mask_waits_again_and_drops_the_stale_result(store: Store, task: Task) -> None:
    _label(store, task)
    (claimed,) = _claim(store)
    _label(store, task, "d")
    assert not _store_label(store, claimed)
    (again,) = _claim(store)
    assert _store_label(store, again)
    assert _claim(store) == []
    assert len(_claim(store, version=2)) == 1  # newer statistics: everything anew


def test_a_deleted_label_has_no_signals(store: Store, task: Task) -> None:
    row = _label(store, task)
    with store.session() as session:
        withdraw_annotations(session, task.project_id, [row.ls_annotation_id], utcnow())
        assert session.get(LabelSignals, row.id) is None


def test_pages_give_one_label_a_task_and_every_photo(
    store: Store, project: Project, version: ModelVersion
) -> None:
    for number in range(1, 6):
        task = _task(store, project, number)
        prediction = _predict(store, task, version)
        if number <= 3:
            _label(store, task, prediction=prediction)
    with store.session() as session:
        for predicted in claim_predictions(session, 1, 10, window_s=NOW):
            store_prediction_values(
                session, predicted, version=1, values={}, regions={}, cluster=None
            )
    for claimed in _claim(store):
        _store_label(store, claimed)
    seen, after = [], 0
    with store.reading() as session:
        while True:
            rows, last = label_page(session, project.id, 1, after=after, limit=2)
            if last is None:
                break
            seen += [row.task.ls_task_id for row in rows]
            after = last
        photos, last = photo_page(session, project.id, version.id, 1)
    assert seen == [1, 2, 3]
    assert [row.task.ls_task_id for row in photos] == [4, 5]
    assert last == photos[-1].task.id


def test_statistics_leave_out_only_what_a_person_found_wrong(
    store: Store, project: Project, version: ModelVersion
) -> None:
    dice = [0.9] * 8 + [0.1, 0.2]
    for number, value in enumerate(dice, start=1):
        task = _task(store, project, number, view="Front" if number % 2 else "Back")
        row = _label(
            store, task, prediction=_predict(store, task, version), dice=value, annotator="ann"
        )
        if value == 0.1:
            with store.session() as session:
                settle_label(session, row, Verdict.LABEL_WRONG, judged_digest="c" * 64, by="eve")
    with store.reading() as session:
        corrected = corrected_prefills(session, project.id)
    summary = summary_of(corrected)
    assert summary.n == 10
    assert summary.mean == pytest.approx(np.mean(dice))
    assert summary.corrected_mean == pytest.approx((0.9 * 8 + 0.2) / 9)
    assert {name: s.n for name, s in by_group(corrected, "view").items()} == {"Front": 5, "Back": 5}
    assert list(by_group(corrected, "version")) == [version.name]


def test_the_outliers_are_told_by_reason(
    store: Store, project: Project, version: ModelVersion
) -> None:
    bad, pale = Reason.BAD_GROUND_TRUTH, Reason.LOW_CONTRAST
    of_outliers: list[tuple[set[Reason], Verdict | None]] = [
        ({pale}, Verdict.LABEL_WRONG), ({bad, pale}, None), (set(), None),
        ({bad}, Verdict.MODEL_WRONG), ({bad}, Verdict.BOTH_FINE),
    ]  # fmt: skip
    for number in range(1, 21):
        task = _task(store, project, number)
        fine = number > len(of_outliers)
        row = _label(
            store, task, prediction=_predict(store, task, version),
            dice=0.9 + number / 1000 if fine else 0.2,
        )  # fmt: skip
        reasons, verdict = ({pale}, None) if fine else of_outliers[number - 1]
        with store.session() as session:
            write_item(session, RankedItem(
                project.id, task.id, ReviewKind.LABEL, 0.5, "c" * 64, annotation_id=row.id,
                reasons=[Evidence(reason, 1.0, None, "") for reason in reasons],
            ))  # fmt: skip
            if verdict is not None:
                settle_label(session, row, verdict, judged_digest="c" * 64, by="eve")
    with store.reading() as session:
        told = outlier_reasons(corrected_prefills(session, project.id))
    assert told.outliers == 5
    assert (told.each[bad], told.each[pale], told.unexplained) == (2, 2, 3)


def test_thresholds_are_tuned_from_what_was_stored(
    store: Store, task: Task, version: ModelVersion
) -> None:
    probabilities = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(1, 64, 64)
    mask = (probabilities[0] >= 0.75).astype(np.uint8)
    prediction = _predict(store, task, version)
    _label(store, task, prediction=prediction)
    (claimed,) = _claim(store)
    packed = probability_histograms(probabilities, mask).to_bytes()
    _store_label(store, claimed, prediction_id=prediction.id, histograms=packed)
    with store.reading() as session:
        (tuned,) = tuned_thresholds(session, task.project_id)
    assert tuned.best_threshold == pytest.approx(0.75, abs=1 / len(THRESHOLDS))
    assert tuned.best_dice > 0.99 > tuned.dice_at_half
    assert 0 < tuned.calibration_error < 0.5


def test_thresholds_are_of_each_class_and_not_of_what_a_person_found_wrong(
    store: Store, project: Project, version: ModelVersion
) -> None:
    ramp = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    first, second = np.where(ramp < 0.5, ramp, 0), np.where(ramp >= 0.5, ramp, 0)
    planes = np.stack([1 - first - second, first, second, np.zeros_like(ramp)])
    good = np.where(ramp >= 0.75, 2, np.where((ramp >= 0.25) & (ramp < 0.5), 1, 0))
    bad = np.where(ramp >= 0.95, 1, 0)
    for number, mask in enumerate((good, bad, bad), start=1):
        task = _task(store, project, number)
        prediction = _predict(store, task, version)
        row = _label(store, task, prediction=prediction)
        (claimed,) = _claim(store)
        packed = probability_histograms(planes, mask.astype(np.uint8)).to_bytes()
        _store_label(store, claimed, prediction_id=prediction.id, histograms=packed)
        if number > 1:
            with store.session() as session:
                settle_label(session, row, Verdict.LABEL_WRONG, judged_digest="c" * 64, by="eve")
    with store.reading() as session:
        tuned = tuned_thresholds(session, project.id)
    assert [(own.class_id, own.labels) for own in tuned] == [(1, 1), (2, 1)]  # nobody saw the third
    assert [own.best_threshold for own in tuned] == pytest.approx([0.25, 0.75], abs=1 / 60)
    assert all(own.best_dice > 0.98 for own in tuned)


def test_triage_accepts_takes_back_and_is_switched_off(
    store: Store, project: Project, version: ModelVersion
) -> None:
    task = _task(store, project, 1)
    prediction = _predict(store, task, version)
    with store.session() as session:
        set_triage(session, project.id, 0.9, 0.2)
        keep_told(session, [(prediction.id, {"predicted_dice": 0.97, "predicted_dice_low": 0.95})])
        accept(session, [task.id])
        first = session.get_one(Task, task.id, populate_existing=True).accepted_at
        accept(session, [task.id])
        assert session.get_one(Task, task.id, populate_existing=True).accepted_at == first
        take_back(session, [task.id])
        assert session.get_one(Task, task.id, populate_existing=True).accepted_at is None
        accept(session, [task.id])
    _label(store, task, prediction=prediction, dice=0.8)
    with store.session() as session:
        row = session.get_one(Project, project.id)
        assert (row.accept_above, row.accept_threshold, row.audit_share) == (0.9, 0.9, 0.2)
        assert corrected_above(session, row, 0.9, 10) == [(1, 0.8, True)]
        assert corrected_above(session, row, 0.96, 10) == []
        set_triage(session, project.id, None, 0.1)
        assert session.get_one(Task, task.id, populate_existing=True).accepted_at is None


def test_scores_are_changed_only_where_they_come_first(
    store: Store, project: Project, version: ModelVersion
) -> None:
    figures = [(0.1, 0.9), (0.2, 0.2), (0.3, 0.05), (0.8, 0.85), (0.5, 0.1)]  # score, predicted
    for number, (score, dice) in enumerate(figures, start=1):
        made = _predict(store, _task(store, project, number), version, score=score)
        with store.session() as session:
            keep_told(session, [(made.id, {"predicted_dice": dice})])
            if number != 5:  # Label Studio never got the fifth
                claim_send(session, made.id, window_s=5)
    with store.reading() as session:
        found = scores_to_change(session, project.id, version.id, first=2, limit=10)
        assert scores_to_change(session, project.id, version.id + 1, first=2, limit=10) == []
    assert [(p.task.ls_task_id, dice) for p, dice in found] == [(3, 0.05), (1, 0.9)]


def test_the_audit_set_is_drawn_once_and_for_all(store: Store, project: Project) -> None:
    tasks = [_task(store, project, number) for number in range(1, 121)]
    drawn = {task.ls_task_id for task in tasks if task.in_audit}
    assert len(tasks) * AUDIT_SHARE / 2 < len(drawn) < len(tasks) * AUDIT_SHARE * 2
    again = {number for number in drawn if _task(store, project, number, view="Back").in_audit}
    assert again == drawn


def test_the_views_of_a_garment_are_told_by_their_labels_or_else_their_predictions(
    store: Store, project: Project, version: ModelVersion
) -> None:
    tasks = [_task(store, project, number, garment="coat") for number in range(1, 4)]
    _task(store, project, 4, garment="alone")
    for number in range(10, 11 + MOST_VIEWS):
        _task(store, project, number, garment="a name for many")
    predictions = [_predict(store, task, version) for task in tasks]
    with store.session() as session:
        for claimed in claim_predictions(session, 1, 10, window_s=NOW):
            store_prediction_values(
                session, claimed, version=1, values={"x": claimed.prediction_id}, regions={},
                cluster=None,
            )  # fmt: skip
    _label(store, tasks[0])
    for label in _claim(store):
        _store_label(store, label)
    with store.reading() as session:
        found = values_of_views(
            session, project.id, ["coat", "alone", "a name for many"], 1, version.id
        )
        without_model = values_of_views(session, project.id, ["coat"], 1, None)
    assert found == {
        "coat": {
            tasks[0].id: {"softmin": 0.5},
            tasks[1].id: {"x": predictions[1].id},
            tasks[2].id: {"x": predictions[2].id},
        }
    }
    assert without_model == {"coat": {tasks[0].id: {"softmin": 0.5}}}
