"""What pages read of a project, against the same counted by hand from its rows."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import mean, median
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from hemline.reasons import Evidence, Reason
from hemline.store.database.columns import utcnow
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import set_task_problem, upsert_task
from hemline.store.models.models import create_version
from hemline.store.reports.gold_items import gold_items, views_of
from hemline.store.reports.label_stats import label_causes, label_work, weeks_of_labels
from hemline.store.reports.prefill_stats import (
    PrefillCounts,
    VersionPrefills,
    lead_times,
)
from hemline.store.reports.status import count_tasks, failures, running
from hemline.store.review.review_order import item_of_task
from hemline.store.review.verdicts import give_verdict
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import DeliveryState, JobKind, JobState, ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, WebhookDelivery
from hemline.store.tables.review import PredictionSignals

BAD = Evidence(Reason.BAD_GROUND_TRUTH, 0.9, None, "the hem is off")
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
DICE = [0.9, 0.95, 0.95, 0.4, 1.0, 0.8]


@pytest.fixture
def filled(store, project, version):
    """Eight tasks: six pre-filled and corrected, one labelled by hand, one without a label."""
    with store.session() as session:
        other = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="b" * 64,
            code_version="0",
        )
        for number in range(8):
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=f"{number}",
                garment=f"g{number}",
                view=["Front", "Back"][number % 2],
            )
            task.garment_type = "dress"
            if number == 7:
                continue
            task.is_labeled = True
            prediction = save_prediction(
                session,
                task_id=task.id,
                model_version_id=(version if number < 4 else other).id,
                image_digest="i" * 64,
                mask_digest="m" * 64,
                score=number / 10,
                region_scores={},
            )
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number,
                prediction_id=prediction.id if number < 6 else None,
                mask_digest=f"{number:064x}",
                annotator="ada",
                lead_time_s=10.0 * (number + 1),
                untouched=number == 4,
                dice=DICE[number] if number < 6 else None,
                now=BEGAN + timedelta(days=number),
            )
            write_item(
                session,
                RankedItem(
                    project.id,
                    task.id,
                    ReviewKind.LABEL,
                    0.5,
                    f"{number:064x}",
                    reasons=[BAD] if number in (3, 5) else [],
                ),
            )
    return project


def test_prefills_are_summed_up_by_version(store, filled, version):
    with store.reading() as session:
        first, second = PrefillCounts().by_version(session, filled.id)
    assert first.model_version_id == version.id
    assert first.dice.tolist() == pytest.approx(sorted(DICE[:4]))
    assert (first.untouched, second.untouched) == (0, 1)
    assert second.untouched_share == 0.5
    assert first.summary.median == pytest.approx(median(DICE[:4]))
    assert first.summary.mean == pytest.approx(mean(DICE[:4]))
    assert first.summary.corrected_mean == first.summary.mean


def test_counts_that_are_kept_follow_every_change(store, filled):
    """Each change alone: what was kept is what is counted anew."""
    counts = PrefillCounts()

    def change(number: int, **values: Any) -> None:
        with store.session() as session:
            session.execute(
                update(Annotation).where(Annotation.ls_annotation_id == number).values(**values)
            )

    def told(prefills: list[VersionPrefills]) -> list[Any]:
        return [
            (p.model_version_id, p.dice.tolist(), p.untouched, p.confirmed_bad) for p in prefills
        ]

    with store.reading() as session:
        predictions = dict(
            session.execute(select(Annotation.ls_annotation_id, Annotation.prediction_id)).all()
        )
    changes: list[tuple[int, dict[str, Any]]] = [
        (0, {"dice": 0.123}),
        (1, {"untouched": True}),
        (2, {"deleted_at": BEGAN}),
        (2, {"deleted_at": None}),
        (3, {"prediction_id": None}),
        (3, {"prediction_id": predictions[4]}),
        (5, {"dice": None}),
        (6, {"dice": 0.5, "prediction_id": predictions[0]}),
    ]
    seen = []
    for number, values in changes:
        change(number, **values)
        with store.reading() as session:
            kept = counts.by_version(session, filled.id)
            fresh = PrefillCounts().by_version(session, filled.id)
            assert told(kept) == told(fresh), values
            assert told(counts.by_version(session, filled.id)) == told(fresh)
        seen.append(told(fresh))
    assert all(before != after for before, after in pairwise(seen))


def test_only_a_confirmed_label_that_is_still_there_is_left_out(store, filled):
    with store.session() as session:
        for number in (3, 1):
            [work] = [w for w in label_work(session, filled.id) if w.ls_task_id == number]
            item = item_of_task(session, work.task_id, ReviewKind.LABEL)
            assert item is not None
            item.annotation_id = work.annotation_id
            session.flush()
            give_verdict(session, item.id, Verdict.LABEL_WRONG, by="ada")
        [mended] = [w for w in label_work(session, filled.id) if w.ls_task_id == 1]
        record_annotation(
            session,
            project_id=filled.id,
            task_id=mended.task_id,
            ls_annotation_id=1,
            prediction_id=None,
            mask_digest="f" * 64,
            dice=0.95,
        )
    with store.reading() as session:
        first, _ = PrefillCounts().by_version(session, filled.id)
    assert first.dice[list(first.confirmed_bad)].tolist() == pytest.approx([0.4])
    assert first.summary.corrected_mean == pytest.approx(
        np.delete(first.dice, first.confirmed_bad).mean()
    )


def test_lead_times_tell_with_from_without(store, filled):
    with store.reading() as session:
        times = lead_times(session, filled.id)
    assert sorted(times.with_prefill) == [10, 20, 30, 40, 50, 60]
    assert times.without.tolist() == [70]


def test_labels_come_newest_first_with_their_causes_and_people(store, filled):
    with store.session() as session:
        [judged] = [w for w in label_work(session, filled.id) if w.ls_task_id == 5]
        item = item_of_task(session, judged.task_id, ReviewKind.LABEL)
        assert item is not None
        give_verdict(session, item.id, Verdict.BOTH_FINE, by="ada")
        prediction = next(iter(gold_items(session, filled.id, [0], [1, 2])[0].predictions.values()))
        session.add(
            PredictionSignals(
                prediction_id=prediction.id,
                image_digest="i" * 64,
                predicted_dice=0.77,
            )
        )
    with store.reading() as session:
        causes = label_causes(session, filled.id)
        work = label_work(session, filled.id, limit=7)
        newest = label_work(session, filled.id, limit=2)
    assert [cause.changed_at for cause in causes] == sorted(
        (cause.changed_at for cause in causes), reverse=True
    )
    assert [set(cause.reasons) for cause in causes] == [
        set(),
        set(),
        set(),
        {Reason.BAD_GROUND_TRUTH},
        set(),
        set(),
        set(),
    ]
    assert [w.ls_task_id for w in newest] == [6, 5]
    by_task = {w.ls_task_id: w for w in work}
    assert by_task[0].expected == pytest.approx(0.77)  # what is predicted comes before the score
    assert by_task[3].expected == pytest.approx(0.3)
    assert by_task[6].expected is None
    assert by_task[4].untouched


def test_labels_are_counted_by_the_week_from_monday_on(store, filled):
    sunday_night = timedelta(days=6, hours=23, minutes=59)
    with store.session() as session:
        for number, later in (
            (0, sunday_night),
            (3, timedelta(weeks=1)),
            (5, timedelta(weeks=3)),
            (6, timedelta(weeks=3, days=2)),
        ):
            session.execute(
                update(Annotation)
                .where(Annotation.ls_annotation_id == number)
                .values(changed_at=BEGAN + later)
            )
    with store.session() as session:
        all_weeks = weeks_of_labels(session, filled.id, 26)
        newest = weeks_of_labels(session, filled.id, 2)
        [judged] = [w for w in label_work(session, filled.id) if w.ls_task_id == 5]
        item = item_of_task(session, judged.task_id, ReviewKind.LABEL)
        assert item is not None
        give_verdict(session, item.id, Verdict.BOTH_FINE, by="ada")
        after = weeks_of_labels(session, filled.id, 26)
    bad = Reason.BAD_GROUND_TRUTH
    assert [(week.begins, week.labels, week.reasons[bad]) for week in all_weeks] == [
        (BEGAN, 4, 0),
        (BEGAN + timedelta(weeks=1), 1, 1),
        (BEGAN + timedelta(weeks=3), 2, 1),
    ]
    assert [week.begins for week in newest] == [BEGAN + timedelta(weeks=3)]
    assert after[-1].reasons[bad] == 0


def test_tasks_are_counted_with_their_problems(store, filled):
    with store.session() as session:
        set_task_problem(session, 1, "image 'a' is gone; upload it again")
    with store.reading() as session:
        counts = count_tasks(session, filled.id)
    assert (counts.total, counts.labelled, counts.problems) == (8, 7, 1)
    assert counts.problem == "image 'a' is gone; upload it again"


def test_what_runs_and_what_failed(store, filled):
    with store.session() as session:
        waiting = queue_job(session, filled.id, JobKind.PREDICT_POOL, {})
        failed = queue_job(session, filled.id, JobKind.RANK, {})
        failed.state, failed.problem, failed.finished_at = JobState.FAILED, "why", utcnow()
        for number, state in enumerate(DeliveryState):
            session.add(
                WebhookDelivery(
                    digest=f"{number:064x}",
                    action="A",
                    payload={},
                    state=state,
                    ls_project_id=filled.ls_project_id,
                )
            )
    with store.reading() as session:
        now = running(session, filled.id)
        gone_wrong = failures(session, filled.id, filled.ls_project_id)
    assert [job.id for job in now.jobs] == [waiting.id]
    assert list(now.runs) == []
    assert [job.id for job in gone_wrong.jobs] == [failed.id]
    assert (gone_wrong.run, gone_wrong.deliveries) == (None, 1)


def test_gold_items_bring_their_labels_and_some_predictions(store, filled, version):
    with store.reading() as session:
        items = gold_items(session, filled.id, [0, 5, 6, 99], [version.id])
        views = views_of(session, filled.id, [*range(600, 2000), 0, 1])
    assert sorted(items) == [0, 5, 6]
    assert list(items[0].predictions) == [version.id]
    assert items[5].predictions == {}
    assert items[6].annotation is not None
    assert views == {0: "Front", 1: "Back"}


def test_an_empty_project_has_nothing(store, project):
    with store.reading() as session:
        assert PrefillCounts().by_version(session, project.id) == []
        assert label_causes(session, project.id) == []
        assert label_work(session, project.id) == []
        assert weeks_of_labels(session, project.id, 26) == []
        assert len(lead_times(session, project.id).with_prefill) == 0
        assert count_tasks(session, project.id).total == 0
        assert failures(session, project.id, project.ls_project_id).run is None
