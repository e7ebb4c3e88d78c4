"""What pre-fills save: labels that began from one, beside those of tasks left blank on purpose."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import update

from hemline.store.database.engine import Store
from hemline.store.loop.predictions import claim_send
from hemline.store.reports.edit_effort import WorkedLabel, savings, worked_labels
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project
from tests.store.review.label_rows import add_label, add_prediction, add_task

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_labels_from_a_pre_fill_and_from_blank_tasks_count_and_no_others(
    store: Store, project: Project, version: ModelVersion
) -> None:
    with_one, blank, chance, timeless = (
        add_task(store, project, number, garment_type="coat") for number in (1, 2, 3, 4)
    )
    shown = add_prediction(store, with_one, version)
    kept_back = add_prediction(store, blank, version)
    with store.session() as session:
        claim_send(session, shown.id, window_s=0)
        session.execute(
            update(Prediction).where(Prediction.id == kept_back.id).values(left_blank=True)
        )
    add_label(store, with_one, prediction=shown, annotator="ada", lead_time_s=20.0)
    add_label(store, blank, annotator="ada", lead_time_s=60.0)
    add_label(store, chance, annotator="ada", lead_time_s=70.0)  # its photo came too late
    add_label(store, timeless, prediction=shown, annotator="ada")
    with store.reading() as session:
        found = worked_labels(session, project.id)
    said = sorted((row.seconds, row.has_prefill, row.annotator, row.garment_type) for row in found)
    assert said == [(20.0, True, "ada", "coat"), (60.0, False, "ada", "coat")]


def test_the_newest_labels_are_read(store: Store, project: Project, version: ModelVersion) -> None:
    for number in range(1, 4):
        task = add_task(store, project, number)
        shown = add_prediction(store, task, version)
        row = add_label(store, task, prediction=shown, lead_time_s=float(number))
        with store.session() as session:
            session.execute(
                update(Annotation)
                .where(Annotation.id == row.id)
                .values(changed_at=MONDAY + timedelta(days=number))
            )
    with store.reading() as session:
        assert [row.seconds for row in worked_labels(session, project.id, 2)] == [3.0, 2.0]


def worked(seconds: float, has_prefill: bool = True, **fields: Any) -> WorkedLabel:
    values: dict[str, Any] = {"annotator": "ada", "garment_type": "coat", "changed_at": MONDAY}
    return WorkedLabel(seconds, has_prefill, **values | fields)


def test_each_week_is_compared_with_all_blank_tasks_and_each_person_with_their_own() -> None:
    later = MONDAY + timedelta(days=13)  # the Sunday of the second week
    labels = [
        *(worked(20.0) for _ in range(5)),
        *(worked(30.0, changed_at=later) for _ in range(3)),
        *(worked(50.0, False) for _ in range(10)),
        *(worked(5.0, annotator="bo", garment_type="") for _ in range(4)),
        *(worked(8.0, False, annotator="bo", garment_type="") for _ in range(9)),
    ]
    found = savings(labels)
    assert found.blank == 19
    assert found.total is not None
    assert found.total.masks == 12
    mean = (50.0 * 10 + 8.0 * 9) / 19
    weeks = {week: round(own.each, 6) for week, own in found.weeks.items()}
    assert weeks == {
        date(2026, 3, 2): round(mean - (20.0 * 5 + 5.0 * 4) / 9, 6),
        date(2026, 3, 9): round(mean - 30.0, 6),
    }
    assert list(found.annotators) == ["ada"]  # bo has 9 blank tasks, one too few
    assert found.annotators["ada"].seconds == 30.0 * 5 + 20.0 * 3
    assert list(found.garment_types) == ["coat"]


def test_what_is_dearer_to_correct_counts_apart_on_both_sides() -> None:
    labels = [
        *(worked(20.0) for _ in range(12)),
        *(worked(50.0, False) for _ in range(10)),
        *(worked(200.0, dearer=True) for _ in range(10)),  # opened pre-filled, as a check
        *(worked(90.0, False, dearer=True) for _ in range(15)),
    ]
    found = savings(labels)
    assert (found.blank, found.checked) == (10, 10)
    assert found.total is not None
    assert (found.total.masks, found.total.each) == (12, 30.0)
    assert found.left_blank is not None
    assert (found.left_blank.masks, found.left_blank.each) == (15, 110.0)
    assert savings(labels[:31]).left_blank is None  # 9 checks are too few


def test_drawing_is_no_break_for_who_corrects_mostly(
    store: Store, project: Project, version: ModelVersion
) -> None:
    for number in range(1, 25):
        task = add_task(store, project, number)
        shown = add_prediction(store, task, version)
        drew = number > 12
        with store.session() as session:
            session.execute(
                update(Prediction).where(Prediction.id == shown.id).values(left_blank=drew)
            )
        seconds = 100.0 if drew else 10.0
        add_label(
            store, task, prediction=None if drew else shown, annotator="ada", lead_time_s=seconds
        )
    with store.reading() as session:
        found = worked_labels(session, project.id)
    assert {row.seconds for row in found if not row.has_prefill} == {100.0}


def test_without_labels_nothing_is_known() -> None:
    found = savings([])
    assert (found.blank, found.total, found.weeks, found.annotators) == (0, None, {}, {})
