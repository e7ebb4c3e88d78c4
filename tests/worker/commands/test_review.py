"""`hemline triage` and `hemline statistics`, and the drift that the latter tells."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import pytest

from hemline.errors import HemlineError
from hemline.masks.codecs.png import encode_class_mask
from hemline.masks.figures.histograms import probability_histograms
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.jobs import list_jobs
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.projects import get_project
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.models import create_version, promote
from hemline.store.review.review_order import item_of_task
from hemline.store.review.signals import keep_prediction
from hemline.store.review.verdicts import settle_label
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import JobKind, ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Annotation, ModelVersion, Project, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals
from tests.worker.discs import SIDE
from worker.review.project_statistics import drift
from worker.review.triage_job import sort_out
from worker.services import Services


def test_triage_is_off_until_it_is_switched_on(
    services: Services, project: Project, run: Callable[..., str]
) -> None:
    assert "Auto-accept is off" in run("triage", "7")
    said = run("triage", "7", "--above", "0.97", "--audit", "0.2")
    assert "at least 0.97; 20% of them still go to a person" in said
    assert "at least 0.97" in run("triage", "7")
    with services.store.reading() as session:
        assert [job.kind for job in list_jobs(session)] == [JobKind.RANK]
    assert "Auto-accept is off" in run("triage", "7", "--off")
    with services.store.reading() as session:
        row = get_project(session, 7)
    assert row is not None
    assert row.accept_above is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--above", "0.2"], "is out of range"),
        (["--above", "1"], "is out of range"),
        (["--above", "0.9", "--off"], "cannot be combined"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(
    project: Project, run: Callable[..., str], options: Sequence[str], said: str
) -> None:
    with pytest.raises(HemlineError, match=said):
        run("triage", "7", *options)


def test_what_is_accepted_leaves_the_order_but_for_the_audits_share(
    services: Services, project: Project
) -> None:
    photos = [_photo(services, project, number, low=0.98) for number in range(1, 101)]
    poor = _photo(services, project, 200, low=0.5)
    sort_out(services, project, 0.97, [*photos, poor])
    with services.store.reading() as session:
        items = [item_of_task(session, task.id, ReviewKind.PHOTO) for task, _ in [*photos, poor]]
    states = [item.state for item in items if item is not None]
    assert states[-1] == ReviewState.OPEN
    assert 2 <= states[:-1].count(ReviewState.OPEN) <= 25
    sort_out(services, project, None, photos)  # triage is switched off
    with services.store.reading() as session:
        assert all(session.get_one(Task, task.id).accepted_at is None for task, _ in photos)


def test_drift_is_told_of_two_champions_on_the_audit_set(
    services: Services, project: Project, champion: ModelVersion, run: Callable[..., str]
) -> None:
    assert drift(services, project) is None
    assert "two champions" in run("statistics", "7")
    with services.store.session() as session:
        second = create_version(
            session,
            project.id,
            recipe={"name": "small"},
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
            parent_id=champion.id,
        )
    assert drift(services, project) is None
    with services.store.session() as session:
        promote(session, second.id)
    assert drift(services, project) is None  # no audit task has a label
    for number, rows in enumerate((32, 32, 16), start=1):
        _audited(services, project, number, [(champion, 32), (second, rows)])
    _audited(services, project, 9, [(champion, 32), (second, 8)], in_audit=False)
    found = drift(services, project)
    assert found is not None
    assert (found["from"], found["to"], found["tasks"]) == (champion.name, second.name, 3)
    assert found["mean"] == pytest.approx((2 * 16 / 48 - 1) / 3)
    assert found["worst_task"] == 3
    assert f"Drift: {second.name} has -0.1111" in run("statistics", "7")


def test_drift_takes_the_label_saved_last_that_nobody_found_wrong(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    with services.store.session() as session:
        second = create_version(
            session,
            project.id,
            recipe={"name": "small"},
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
            parent_id=champion.id,
        )
        promote(session, second.id)
    for number in (1, 2):
        _audited(services, project, number, [(champion, 32), (second, 16)])
    _labelled_again(services, project, 1, rows=16)
    later = _labelled_again(services, project, 2, rows=16)
    found = drift(services, project)
    assert found is not None
    assert found["mean"] == pytest.approx(1 - 2 * 16 / 48)
    with services.store.session() as session:
        settle_label(
            session,
            session.get_one(Annotation, later),
            Verdict.LABEL_WRONG,
            judged_digest=_rows(services, 16),
            by="eve",
        )
    found = drift(services, project)
    assert found is not None
    assert found["mean"] == pytest.approx(0)  # one up, one down: the second's first label is back
    assert found["worst_task"] == 2


def test_new_photos_are_compared_with_those_before_the_champion(
    services: Services, project: Project, champion: ModelVersion, run: Callable[..., str]
) -> None:
    assert "20 that came since the champion" in run("statistics", "7")
    for number in range(1, 61):
        _audited(services, project, number, [(champion, 32)], in_audit=number <= 30)
        since = number > 40
        with services.store.session() as session:
            task = session.query(Task).filter_by(ls_task_id=number).one()
            task.created_at = champion.created_at + timedelta(days=1 if since else -1)
            (prediction,) = task.predictions
            keep_prediction(
                session,
                prediction,
                map_digest="d" * 64,
                histograms=b"",
                embedding=b"",
                flip_dice=1.0,
            )
            session.get_one(PredictionSignals, prediction.id).values = {
                "own_expected_dice": (0.5 if since else 0.9) + number / 1000
            }
    found = json.loads(run("statistics", "7", "--json").splitlines()[0])["photos"]
    assert (found["before"], found["since"]) == (30, 20)
    assert found["stability"] > 1
    said = run("statistics", "7")
    assert "the 20 since" in said
    assert "another kind than the 30" in said


def test_the_table_has_intervals_and_the_labels_names(
    services: Services, project: Project, champion: ModelVersion, run: Callable[..., str]
) -> None:
    for number in range(1, 4):
        _audited(services, project, number, [(champion, 32)])
        with services.store.session() as session:
            row = session.query(Annotation).filter_by(ls_annotation_id=number).one()
            row.prediction_id = row.task.predictions[0].id
            row.dice = 0.9 + number / 100
            mask = np.zeros((8, 8), dtype=np.uint8)
            mask[:4] = 1
            packed = probability_histograms(mask[None].astype(np.float32), mask).to_bytes()
            session.merge(
                LabelSignals(
                    annotation_id=row.id,
                    prediction_id=row.prediction_id,
                    mask_digest=row.mask_digest,
                    histograms=packed,
                )
            )
    said = run("statistics", "7")
    low, high = json.loads(run("statistics", "7", "--json").splitlines()[0])["prefills"][
        "mean_interval"
    ]
    assert f"{low:.4f} to {high:.4f}" in said
    assert f"{champion.name}\tgarment\t3\t" in said


def _labelled_again(services: Services, project: Project, number: int, *, rows: int) -> int:
    with services.store.session() as session:
        task = session.query(Task).filter_by(project_id=project.id, ls_task_id=number).one()
        return record_annotation(
            session,
            project_id=project.id,
            task_id=task.id,
            ls_annotation_id=100 + number,
            mask_digest=_rows(services, rows),
        ).id


def _photo(services: Services, project: Project, number: int, low: float) -> tuple[Task, float]:
    with services.store.session() as session:
        task = upsert_task(
            session,
            project.id,
            ls_task_id=number,
            data={},
            image_url=f"/{number}.jpg",
            garment=f"G{number}",
            view="Front",
        )
        item = RankedItem(project.id, task.id, ReviewKind.PHOTO, 0.1, content_digest="a" * 64)
        write_item(session, item)
    return task, low


def _audited(
    services: Services,
    project: Project,
    number: int,
    predicted: Sequence[tuple[ModelVersion, int]],
    *,
    in_audit: bool = True,
) -> None:
    """A task whose label is the upper half, and each version's prediction of so many rows."""
    with services.store.session() as session:
        task = upsert_task(
            session,
            project.id,
            ls_task_id=number,
            data={},
            image_url=f"/{number}.jpg",
            garment=f"G{number}",
            view="Front",
        )
        task.in_audit = in_audit
        record_annotation(
            session,
            project_id=project.id,
            task_id=task.id,
            ls_annotation_id=number,
            mask_digest=_rows(services, SIDE // 2),
        )
        for version, rows in predicted:
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=version.id,
                image_digest="a" * 64,
                mask_digest=_rows(services, rows),
                score=0.5,
                region_scores={},
            )


def _rows(services: Services, rows: int) -> str:
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mask[:rows] = 1
    return services.artifacts.put(encode_class_mask(mask), "mask")


def test_tasks_are_left_blank_when_that_is_asked_for(
    services: Services, project: Project, run: Callable[..., str]
) -> None:
    assert run("blank", "7").startswith("Every task opens with its pre-fill.")
    assert run("blank", "7", "--share", "0.05").startswith("5.0% of the new tasks open without")
    assert run("blank", "7").startswith("5.0% of the new tasks")
    with services.store.reading() as session:
        row = get_project(session, 7)
    assert row is not None
    assert row.blank_share == 0.05
    assert run("blank", "7", "--off").startswith("Every task opens with its pre-fill.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--share", "0"], "--share 0 is out of range; give more than 0 and at most 0.5"),
        (["--share", "0.51"], "is out of range"),
        (["--share", "nan"], "is out of range"),
        (["--share", "0.1", "--off"], "cannot be combined"),
    ],
)
def test_a_share_that_cannot_be_is_refused(
    project: Project, run: Callable[..., str], options: Sequence[str], said: str
) -> None:
    with pytest.raises(HemlineError, match=said):
        run("blank", "7", *options)
