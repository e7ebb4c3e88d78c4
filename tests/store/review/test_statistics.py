"""What stored signals come to: statistics, outliers, thresholds and triage."""

import numpy as np
import pytest

from hemline.masks.figures.histograms import THRESHOLDS, probability_histograms
from hemline.reasons import Evidence, Reason
from hemline.store.database.engine import Store
from hemline.store.reports.project_statistics import (
    by_group,
    corrected_prefills,
    outlier_reasons,
    summary_of,
    tuned_thresholds,
)
from hemline.store.review.queries import keep_told
from hemline.store.review.triage import accept, corrected_above, set_triage, take_back
from hemline.store.review.verdicts import settle_label
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import ModelVersion, Project, Task
from tests.store.review.label_rows import (
    add_label,
    add_prediction,
    add_task,
    claim,
    store_label,
)


def test_statistics_leave_out_only_what_a_person_found_wrong(
    store: Store, project: Project, version: ModelVersion
) -> None:
    dice = [0.9] * 8 + [0.1, 0.2]
    for number, value in enumerate(dice, start=1):
        task = add_task(store, project, number, view="Front" if number % 2 else "Back")
        row = add_label(
            store,
            task,
            prediction=add_prediction(store, task, version),
            dice=value,
            annotator="ann",
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
        ({pale}, Verdict.LABEL_WRONG),
        ({bad, pale}, None),
        (set(), None),
        ({bad}, Verdict.MODEL_WRONG),
        ({bad}, Verdict.BOTH_FINE),
    ]
    for number in range(1, 21):
        task = add_task(store, project, number)
        fine = number > len(of_outliers)
        row = add_label(
            store,
            task,
            prediction=add_prediction(store, task, version),
            dice=0.9 + number / 1000 if fine else 0.2,
        )
        reasons, verdict = ({pale}, None) if fine else of_outliers[number - 1]
        with store.session() as session:
            write_item(
                session,
                RankedItem(
                    project.id,
                    task.id,
                    ReviewKind.LABEL,
                    0.5,
                    "c" * 64,
                    annotation_id=row.id,
                    reasons=[Evidence(reason, 1.0, None, "") for reason in reasons],
                ),
            )
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
    prediction = add_prediction(store, task, version)
    add_label(store, task, prediction=prediction)
    (claimed,) = claim(store)
    packed = probability_histograms(probabilities, mask).to_bytes()
    store_label(store, claimed, prediction_id=prediction.id, histograms=packed)
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
        task = add_task(store, project, number)
        prediction = add_prediction(store, task, version)
        row = add_label(store, task, prediction=prediction)
        (claimed,) = claim(store)
        packed = probability_histograms(planes, mask.astype(np.uint8)).to_bytes()
        store_label(store, claimed, prediction_id=prediction.id, histograms=packed)
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
    task = add_task(store, project, 1)
    prediction = add_prediction(store, task, version)
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
    add_label(store, task, prediction=prediction, dice=0.8)
    with store.session() as session:
        row = session.get_one(Project, project.id)
        assert (row.accept_above, row.accept_threshold, row.audit_share) == (0.9, 0.9, 0.2)
        assert corrected_above(session, row, 0.9, 10) == [(1, 0.8, True)]
        assert corrected_above(session, row, 0.96, 10) == []
        set_triage(session, project.id, None, 0.1)
        assert session.get_one(Task, task.id, populate_existing=True).accepted_at is None
