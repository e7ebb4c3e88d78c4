"""Overview, Causes, Models and Annotators in every state a project may be in."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from hemline.reasons import Reason
from hemline.store.database.columns import utcnow
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.projects import get_project, set_not_read, upsert_project
from hemline.store.loop.tasks import set_task_problem, upsert_task
from hemline.store.models.models import champion
from hemline.store.reports.worth_a_look import worth_a_look
from hemline.store.review.verdicts import give_verdict
from hemline.store.states import JobKind, JobState, ReviewKind, Role, RunState, Verdict
from hemline.store.tables.loop import (
    Annotation,
    Job,
    ModelVersion,
    Prediction,
    Project,
    Task,
    TrainingRun,
)
from hemline.store.tables.review import Person, PredictionSignals, ReviewItem
from tests.backend.dashboard.visitor import Visitor

PAGES = ("", "/causes", "/models", "/annotators", "/problems", "/activity", "/running")
TIMES = {
    "correcting": {"masks": 80, "usual_s": 20.0, "error_s": 6.0},
    "drawing": {"masks": 12, "usual_s": 90.0, "error_s": 20.0},
}
HOSTILE = "<script>alert('x')</script>"


def text(page: str) -> str:
    """What a reader sees of the page's main part, on one line."""
    main = page[page.index("<main") :] if "<main" in page else page
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def project_of(backend) -> Project:
    with backend.store.reading() as session:
        project = get_project(session, 1)
    assert project is not None
    return project


@pytest.mark.parametrize("page", PAGES)
def test_a_project_without_tasks_says_what_comes(backend, page):
    with backend.store.session() as session:
        upsert_project(session, ls_project_id=1, title="Empty")
    seen = text(Visitor(backend, role=Role.VIEWER).see(f"/dashboard/1{page}"))
    wanted = {
        "": "Import photos into Label Studio",
        "/causes": "No labels yet",
        "/models": "gets its first model, a starter",
        "/annotators": "No labels yet",
        "/problems": "No task has a problem",
        "/activity": "Nobody has changed anything",
        "/running": "Nothing is running",
    }
    assert wanted[page] in seen


def test_a_project_without_labels_and_models(backend):
    with backend.store.session() as session:
        project = upsert_project(session, ls_project_id=1, title="New", problem="no labels at all")
        set_not_read(session, project.id, "HTTP 504")
        upsert_task(session, project.id, ls_task_id=1, data={}, image_url="a", garment="", view="")
    visitor = Visitor(backend)
    seen = text(visitor.see("/dashboard/1"))
    assert "no pre-fill corrected yet" in seen
    assert "Pre-filling is off: no labels at all" in seen
    assert "Changes in Label Studio are not read: HTTP 504" in seen
    assert "1 photo waits for a label" in seen
    assert "none yet" in seen


def test_the_overview_tells_the_projects_figures(filled):
    visitor = Visitor(filled, role=Role.VIEWER)
    page = visitor.see("/dashboard/1")
    seen = text(page)
    with filled.store.reading() as session:
        version = champion(session, 1)
        assert version is not None
        dice = session.scalars(
            select(Annotation.dice).where(
                Annotation.prediction.has(model_version_id=version.id),
                Annotation.dice.is_not(None),
            )
        ).all()
        worth = worth_a_look(session, 1)
    median = sorted(dice)[len(dice) // 2] if len(dice) % 2 else None
    assert "150 75 labelled" in seen
    assert f"of {len(dice)} corrected pre-fills" in seen
    if median is not None:
        assert f"Median Dice of v3 {median:.3f}" in seen
    assert f"{worth.number} labels are worth a second look; about" in seen
    assert 0 < worth.number < 75
    kept = visitor.see("/dashboard/1/flagged?look=worth")
    assert f"worth a look ({worth.number})" in text(kept)
    assert kept.count('class="shot"') == worth.number
    assert "Training run 3" in seen
    assert "epoch 5 of at most 12" in seen
    assert page.count("<progress") == 3
    assert "As a table" in seen


def test_the_garments_that_a_training_waits_for_lead_to_their_photos(backend):
    with backend.store.session() as session:
        project = upsert_project(session, ls_project_id=1, title="New")
        for number in (1, 2):
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=f"{number}",
                garment=f"G{number}",
                view="Front",
            )
            task.is_labeled = number == 1
    visitor = Visitor(backend)
    page = visitor.see("/dashboard/1")
    assert "Correct one photo of each of 7 more garments" in text(page)
    assert "G2: task 2" in text(page)
    (address,) = re.findall(r'href="(/dashboard/1/image/[^"]*)"', page)
    assert "G2" in text(visitor.see(html.unescape(address)))


def test_the_distribution_is_of_the_version_that_is_asked_for(filled):
    visitor = Visitor(filled)
    assert "Dice of v1&#39;s pre-fills" in visitor.see("/dashboard/1?version=1")
    for nonsense in ("", "99", "x", HOSTILE, "1%00"):
        page = visitor.see(f"/dashboard/1?version={nonsense}")
        assert "Dice of v3&#39;s pre-fills" in page
        assert HOSTILE not in page


def test_what_a_person_confirmed_as_bad_is_left_out_of_the_corrected_mean(filled):
    visitor = Visitor(filled)
    assert "without confirmed bad labels" not in visitor.see("/dashboard/1")
    with filled.store.session() as session:
        item = session.scalars(
            select(ReviewItem).where(
                ReviewItem.kind == ReviewKind.LABEL,
                ReviewItem.annotation.has(Annotation.dice < 0.75),
            )
        ).first()
        assert item is not None
        session.execute(
            update(ReviewItem)
            .where(ReviewItem.id == item.id)
            .values(content_digest=item.annotation.mask_digest)
        )
        session.refresh(item)
        give_verdict(session, item.id, Verdict.LABEL_WRONG, by="ada")
    assert "without confirmed bad labels" in visitor.see("/dashboard/1")


def test_faults_stand_first_among_what_needs_a_person(filled):
    with filled.store.session() as session:
        session.execute(
            update(TrainingRun)
            .where(TrainingRun.state == RunState.RUNNING)
            .values(state=RunState.FAILED, problem="the disk is full; free some space")
        )
        job = queue_job(session, 1, JobKind.RANK, {})
        job.state, job.problem, job.finished_at = JobState.FAILED, HOSTILE, utcnow()
        old = queue_job(session, 1, JobKind.EXPORT, {})
        old.state, old.problem = JobState.FAILED, "long ago"
        old.finished_at = utcnow() - timedelta(days=30)
    page = Visitor(filled).see("/dashboard/1")
    assert HOSTILE not in page
    seen = text(page)
    assert "Training run 3 failed: the disk is full" in seen
    assert "long ago" not in seen
    assert seen.index("failed") < seen.index("worth a second look")


def test_causes_count_as_planted(filled):
    visitor = Visitor(filled)
    seen = text(visitor.see("/dashboard/1/causes"))
    with filled.store.reading() as session:
        items = session.scalars(select(ReviewItem).where(ReviewItem.kind == ReviewKind.LABEL)).all()
    flagged = [item for item in items if any(getattr(item, r.value) for r in Reason)]
    bad = sum(item.bad_ground_truth for item in items)
    limited = sum(item.limited_data for item in items)
    assert f"{len(flagged)} of 75 labels have a reason" in seen
    with filled.store.reading() as session:
        looks = worth_a_look(session, 1).number
    assert f"{looks} labels are worth a second look" in seen
    assert f"likely wrong {bad} " in seen
    assert f"few photos like this one {limited} " in seen
    worth = re.search(r"likely wrong \d+ \S+ % \S+ % [\d.]+ \+([\d.]+) \+([\d.]+)", seen)
    assert worth is not None, seen
    assert float(worth[2]) > 0.01  # the faulty labels cost a quarter of Dice each
    assert "jacket" in seen


def test_what_a_reviewer_found_fine_is_no_cause(filled):
    with filled.store.session() as session:
        session.execute(update(ReviewItem).values(verdict=Verdict.BOTH_FINE))
    seen = text(Visitor(filled).see("/dashboard/1/causes"))
    assert "0 of 75 labels have a reason" in seen
    assert "No label has a reason" in seen


def test_reading_changes_nothing(filled):
    visitor = Visitor(filled)

    def state():
        with filled.store.reading() as session:
            return [
                session.execute(select(table.__table__)).all()
                for table in (Project, Task, Annotation, ModelVersion, ReviewItem, Person, Job)
            ]

    before = state()
    for page in (*PAGES, "/models/2", "/models/3"):
        visitor.see(f"/dashboard/1{page}")
    assert state() == before


def test_annotators_their_stamps_and_their_agreement(filled):
    project = project_of(filled)
    with filled.store.session() as session:
        first = session.scalars(
            select(Annotation).where(Annotation.annotator == "ada@studio.example")
        ).first()
        assert first is not None
        record_annotation(
            session,
            project_id=project.id,
            task_id=first.task_id,
            ls_annotation_id=9999,
            mask_digest=first.mask_digest,
            annotator=HOSTILE,
            lead_time_s=50,
            now=datetime.now(UTC),
        )
    visitor = Visitor(filled)
    page = visitor.see("/dashboard/1/annotators")
    assert HOSTILE not in page
    seen = text(page)
    assert "1.000 1 pair" in seen
    assert "1 of 1 pairs are compared" in seen
    stamps = re.search(r"Accepted untouched within (\d+) s", seen)
    assert stamps is not None
    assert int(stamps[1]) < 30
    assert "None." not in seen


def test_a_mask_that_is_lost_leaves_its_pair_out(filled):
    project = project_of(filled)
    with filled.store.session() as session:
        first = session.scalars(select(Annotation)).first()
        assert first is not None
        record_annotation(
            session,
            project_id=project.id,
            task_id=first.task_id,
            ls_annotation_id=9999,
            mask_digest="f" * 64,
            annotator="dan",
            now=datetime.now(UTC),
        )
    seen = text(Visitor(filled).see("/dashboard/1/annotators"))
    assert "1 of 1 pairs are compared" in seen
    assert "dan 1 – – – – – – 0" in seen


def test_label_studios_words_are_never_markup(filled):
    with filled.store.session() as session:
        session.execute(update(Project).values(title=HOSTILE, problem=HOSTILE))
        session.execute(update(Task).values(garment=HOSTILE, view=HOSTILE, garment_type=HOSTILE))
        for task_id in session.scalars(select(Task.id)).all():
            set_task_problem(session, task_id, HOSTILE)
        session.execute(update(Annotation).values(annotator=HOSTILE))
        session.execute(update(ModelVersion).values(recipe={"name": HOSTILE}))
    visitor = Visitor(filled)
    for page in (*PAGES, "/models/2", "/models/3"):
        html = visitor.see(f"/dashboard/1{page}")
        assert HOSTILE not in html
        assert "alert(&#39;x&#39;)" in html or page in ("/running", "/causes")


def test_time_saved_is_shown_once_masks_were_drawn_from_nothing(filled):
    project = project_of(filled)
    visitor = Visitor(filled)
    before = text(visitor.see("/dashboard/1/annotators"))
    assert "Not known yet" in before
    assert "What an empty task costs is not known: 10 more masks drawn from nothing" in before
    assert "Whether people keep the faults of pre-fills is not known" in before
    with filled.store.session() as session:
        session.execute(
            update(Project).values(blank_share=0.05, blank_where_dearer=True, work_times=TIMES)
        )
        session.execute(update(Annotation).values(outline_agreement=0.9, kept_back_dice=0.9))
        session.execute(
            update(PredictionSignals).values(predicted_seconds=30.0, drawing_seconds=95.0)
        )
        blank = (
            select(Annotation.task_id)
            .where(Annotation.project_id == project.id, Annotation.prediction_id.is_(None))
            .scalar_subquery()
        )
        session.execute(
            update(Prediction).where(Prediction.task_id.in_(blank)).values(left_blank=True)
        )
        rows = session.scalars(
            select(Annotation).where(
                Annotation.project_id == project.id, Annotation.prediction_id.is_not(None)
            )
        ).all()
        for row in rows[:10]:  # enough of both
            row.prediction_id, row.lead_time_s = None, 240.0
            session.execute(
                update(Prediction).where(Prediction.task_id == row.task_id).values(left_blank=True)
            )
    seen = text(visitor.see("/dashboard/1/annotators"))
    assert "Not known yet" not in seen
    assert re.search(r"Compared with \d+ masks drawn from nothing", seen)
    assert re.search(r"all \d+ [\d.]+ (min|h) \([\d.]+ (min|h) to [\d.]+ (min|h)\)", seen)
    assert "Drawing a mask from nothing usually takes 90 s" in seen
    assert "5.0% of the new tasks open without their pre-fill, by chance" in seen
    assert "People who see a pre-fill submit 90.0% of its outline" in seen
    with filled.store.reading() as session:
        held = session.scalar(
            select(Task.ls_task_id)
            .join(Prediction, Prediction.task_id == Task.id)
            .where(Task.project_id == project.id, Prediction.left_blank.is_(True))
        )
    image = text(visitor.see(f"/dashboard/1/image/{held}"))
    assert "likely to take 30 s ± 6 s" in image
    assert "from nothing 95 s ± 20 s" in image
    assert "not shown, by chance" in image
