"""What work costs: masks from nothing, tasks left blank, anchoring, and the sentences on them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from hemline.masks.figures.work_times import TimeSaved
from hemline.store.database.engine import Store
from hemline.store.effort.anchoring import Anchoring, KeptShares, anchoring
from hemline.store.effort.drawn import drawn_labels
from hemline.store.effort.in_words import (
    anchoring_in_words,
    blank_in_words,
    drawing_in_words,
    effort_in_words,
    left_blank_saved_in_words,
)
from hemline.store.effort.left_blank import LeftBlank, learnt_times, left_blank
from hemline.store.models.models import create_version, promote
from hemline.store.reports.edit_effort import savings
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project
from hemline.store.tables.review import PredictionSignals
from tests.store.review.label_rows import add_label, add_prediction, add_task

Add = Callable[..., Prediction]
NO_BLANK = LeftBlank(0, 0, 0, 0, None, None)
TIMES = {
    "correcting": {
        "masks": 80,
        "usual_s": 20.0,
        "error_s": 6.0,
        "constant_error_s": 9.0,
        "is_told": True,
    },
    "drawing": {
        "masks": 12,
        "usual_s": 90.0,
        "error_s": 20.0,
        "constant_error_s": 20.0,
        "is_told": False,
    },
}


@pytest.fixture
def add(store: Store, project: Project, version: ModelVersion) -> Add:
    """A task with a prediction whose columns are set, labelled or not."""
    with store.session() as session:
        promote(session, version.id)

    def made(number: int, *, label: dict[str, Any] | None = None, **columns: Any) -> Prediction:
        task = add_task(store, project, number, garment_type="coat")
        row = add_prediction(store, task, version)
        with store.session() as session:
            for name, value in columns.items():
                setattr(session.get_one(Prediction, row.id), name, value)
        if label is not None:
            shown = None if columns.get("left_blank") else row
            add_label(store, task, prediction=shown, annotator="ada", **label)
        return row

    return made


def test_masks_from_nothing_are_those_of_tasks_that_chance_left_blank(
    store: Store, project: Project, add: Add
) -> None:
    timed: dict[str, Any] = {"lead_time_s": 60.0}
    chance = add(1, label=timed, left_blank=True)
    add(2, label=timed, left_blank=True, blank_as_dearer=True, prefill_dearer=True)
    add(3, label=timed)
    add(4, label={}, left_blank=True)  # nobody knows how long it took
    with store.session() as session:
        session.execute(
            update(PredictionSignals)
            .where(PredictionSignals.prediction_id == chance.id)
            .values(version=1, values={"softmin": 0.5})
        )
    with store.reading() as session:
        (found,) = drawn_labels(session, project.id, 1, 10)
        (older,) = drawn_labels(session, project.id, 2, 10)
        assert left_blank(session, project.id).drawn == 1
    assert (found.seconds, found.annotator, found.garment_type) == (60.0, "ada", "coat")
    assert (found.values, found.flip_dice) == ({"softmin": 0.5}, 0.9)
    assert older.values is None


def test_tasks_that_wait_are_counted_by_why_they_open_empty(
    store: Store, project: Project, add: Add
) -> None:
    add(1, left_blank=True)
    add(2, left_blank=True, prefill_dearer=True)  # by chance, whatever it would cost
    for number, seconds in ((3, 100.0), (4, 120.0)):
        held = add(number, left_blank=True, prefill_dearer=True, blank_as_dearer=True)
        with store.session() as session:
            session.execute(
                update(PredictionSignals)
                .where(PredictionSignals.prediction_id == held.id)
                .values(predicted_seconds=seconds, drawing_seconds=60.0)
            )
    add(5, prefill_dearer=True)
    add(6)
    add(7, label={}, left_blank=True)
    with store.reading() as session:
        assert left_blank(session, project.id) == LeftBlank(0, 2, 2, 1, 110.0, 60.0)


def anchored(store: Store, project: Project) -> Anchoring:
    with store.reading() as session:
        return anchoring(session, project.id)


def test_what_is_kept_of_pre_fills_is_compared_with_what_is_drawn_without(
    store: Store, project: Project, add: Add
) -> None:
    for number in range(1, 13):
        add(number, label={"outline_agreement": 0.99, "dice": 0.98})
    for number in range(21, 30):
        add(number, label={"outline_agreement": 0.9, "kept_back_dice": 0.95}, left_blank=True)
    found = anchored(store, project)
    assert (found.shown, found.kept_back, found.missing) == (12, 9, 1)
    assert found.outline is None
    add(30, label={"outline_agreement": 0.9, "kept_back_dice": 0.95}, left_blank=True)
    add(31, label={"outline_agreement": 0.1}, left_blank=True, prefill_dearer=True)
    add(32, label={"outline_agreement": 0.1}, prefill_dearer=True)
    found = anchored(store, project)
    assert (found.shown, found.kept_back, found.missing) == (12, 10, 0)
    assert found.outline is not None
    assert found.dice is not None
    assert found.outline.more == pytest.approx(0.09)
    assert found.outline.interval == pytest.approx((0.09, 0.09))
    assert (found.dice.shown, found.dice.kept_back) == pytest.approx((0.98, 0.95))


def test_pre_fills_of_other_versions_are_not_compared(
    store: Store, project: Project, version: ModelVersion, add: Add
) -> None:
    add(1, label={"outline_agreement": 0.9}, left_blank=True)
    add(2, label={"outline_agreement": 0.99})
    with store.session() as session:
        better = create_version(
            session,
            project_id=project.id,
            recipe={},
            labels=["garment"],
            weights_digest="e" * 64,
            code_version="1",
        )
        session.flush()
        session.execute(
            update(Prediction)
            .where(Prediction.id.in_(_begun(session, 2)))
            .values(model_version_id=better.id)
        )
    assert anchored(store, project).shown == 0


def _begun(session: Any, ls_annotation_id: int) -> list[int]:
    rows = session.query(Annotation).filter_by(ls_annotation_id=ls_annotation_id)
    return [row.prediction_id for row in rows]


def project_with(**columns: Any) -> Project:
    values: dict[str, Any] = {"blank_share": 0.05, "blank_where_dearer": True, "work_times": TIMES}
    return Project(**values | columns)


def test_what_is_missing_is_said_in_numbers() -> None:
    assert "3 more masks drawn from nothing are needed (7 of 10)" in drawing_in_words(
        project_with(), replace(NO_BLANK, drawn=7)
    )
    fresh = project_with(work_times=None)
    assert learnt_times(fresh) is None
    assert "learnt in the next ranking" in drawing_in_words(fresh, replace(NO_BLANK, drawn=10))
    said = blank_in_words(project_with(), replace(NO_BLANK, drawn=9))
    assert "none yet. What an empty task costs is not known: 1 more mask drawn" in said
    same = {**TIMES, "correcting": {**TIMES["correcting"], "is_told": False}}
    said = blank_in_words(project_with(work_times=same), replace(NO_BLANK, drawn=12))
    assert "none yet. Which pre-fills take longest cannot be predicted" in said


def test_what_is_known_is_said_with_its_error() -> None:
    blank = LeftBlank(12, 4, 6, 2, 130.0, 80.0)
    said = drawing_in_words(project_with(), blank)
    assert "usually takes 90 s (learnt from 12 masks, off by 20 s on average)" in said
    assert "20 s (80 pre-fills, off by 6 s on average; one time for all would be" in said
    said = blank_in_words(project_with(), blank)
    assert "5.0% of the new tasks open without their pre-fill, by chance: 4 of those" in said
    assert "6 of those that wait (2.2 min to correct at the median, 80 s to draw)" in said
    assert "2 open pre-filled all the same, as a check" in said
    assert blank_in_words(project_with(blank_share=0.0), blank) == (
        "Every task opens with its pre-fill."
    )
    assert "correcting" not in blank_in_words(project_with(blank_where_dearer=False), blank)
    assert "so far 4 are" in left_blank_saved_in_words(None, 4)
    saved = TimeSaved(20, 1200.0, (600.0, 1800.0), 60.0)
    assert "saved 20 min (10 to 30)" in left_blank_saved_in_words(saved, 12)


def test_anchoring_is_said_with_its_interval_and_claims_no_more() -> None:
    kept = KeptShares(0.98, 0.93, 0.05, (0.02, 0.08))
    said = anchoring_in_words(Anchoring(50, 20, kept, KeptShares(0.99, 0.97, 0.02, (0.01, 0.03))))
    assert "98.0% of its outline" in said
    assert "+5.0 points (+2.0 to +8.0), some of what they see is kept only because" in said
    unsure = replace(kept, interval=(-0.01, 0.08))
    said = anchoring_in_words(Anchoring(50, 20, unsure, unsure))
    assert "no sign that they keep its faults" in said
    assert "7 more masks drawn from nothing" in anchoring_in_words(Anchoring(50, 3, None, None))
    assert "6 more masks made from a pre-fill" in anchoring_in_words(Anchoring(4, 12, None, None))


def test_without_a_share_nothing_is_said_of_leaving_blank() -> None:
    said = effort_in_words(
        project_with(blank_share=0.0, blank_where_dearer=False),
        NO_BLANK,
        savings([]),
        Anchoring(0, 0, None, None),
    )
    assert len(said) == 3
    assert "Every task opens with its pre-fill." in said
