"""Blind twins: drawn in a project of their own, compared, and never anything of ours."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from hemline.errors import LabelStudioError, StoreError
from hemline.labelstudio.project.click_controls import add_click_controls
from hemline.labelstudio.project.connect import connect
from hemline.labelstudio.project.review_fields import add_review_fields
from hemline.masks.figures.boundary import hd95
from hemline.masks.figures.overlap import dice
from hemline.store.loop.tasks import get_task
from hemline.store.review.blind_twins import ask_for_twin, twin_agreements, twins_of_task
from hemline.store.tables.loop import Annotation, Project, Task
from hemline.store.tables.second_looks import BlindTwin
from tests.worker.conftest import CONFIG, brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.reconcile import reconcile_all
from worker.second_looks.blind_twins import twin_config, work_on_twins
from worker.services import Services

TWIN = 25  # Label Studio's task: the first after the project's own


@pytest.fixture
def labelled(services: Services, fake: FakeLabelStudio, project: Project) -> Services:
    """Task 1 has a label of the first person."""
    fake.project["label_config"] = add_click_controls(add_review_fields(CONFIG)).label_config
    fake.tasks[1]["data"] |= {"garment": "G00", "review_reason": "hem"}
    fake.annotate(1, brush(disc(0)[1]))
    reconcile_all(services)
    return services


def ask(services: Services, number: int = 1, of: str = "") -> None:
    with services.store.session() as session:
        task = get_task(session, 1, number)
        assert task is not None
        ask_for_twin(session, task, by="rae", of=of)


def twin_of(services: Services, number: int = 1) -> BlindTwin:
    with services.store.reading() as session:
        task = get_task(session, 1, number)
        assert task is not None
        return twins_of_task(session, task.id)[0]


def test_a_twin_shows_the_photo_alone_and_is_compared_once_somebody_else_drew_it(
    labelled: Services, fake: FakeLabelStudio
) -> None:
    ask(labelled)
    work_on_twins(labelled)
    (made,) = fake.others.values()
    assert "review_reason" not in made["label_config"]
    assert "verdict" not in made["label_config"]
    assert "KeyPoint" not in made["label_config"]
    twin = fake.full_task(TWIN)
    assert twin["data"] == {"image": "/data/upload/7/G00_Front.png"}
    assert (twin["annotations"], twin["predictions"]) == ([], [])

    fake.annotate(TWIN, brush(disc(0)[1]), completed_by=1)
    work_on_twins(labelled)
    assert "somebody else has to" in (twin_of(labelled).problem or "")

    fake.annotate(TWIN, [], completed_by=2, was_cancelled=True)
    fake.annotate(TWIN, brush(disc(4)[1]), completed_by=2)
    work_on_twins(labelled)
    one, other = disc(0)[1] > 0, disc(4)[1] > 0
    with labelled.store.reading() as session:
        (pair,) = twin_agreements(session, 1)
    assert (pair.one, pair.other, pair.twins) == ("1", "2", 1)
    assert pair.dice == pytest.approx(dice(one, other))
    assert pair.dice < 0.999
    assert pair.outline_px == pytest.approx(hd95(one, other))


def test_a_twin_is_no_task_no_label_and_no_garment_of_ours(
    labelled: Services, fake: FakeLabelStudio
) -> None:
    def rows() -> list[int]:
        with labelled.store.reading() as session:
            return [
                session.scalar(select(func.count()).select_from(table)) or 0
                for table in (Project, Task, Annotation)
            ]

    before = rows()
    ask(labelled)
    work_on_twins(labelled)
    fake.annotate(TWIN, brush(disc(4)[1]), completed_by=2)
    reconcile_all(labelled)
    work_on_twins(labelled)
    reconcile_all(labelled)
    assert rows() == before
    assert twin_of(labelled).dice is not None


def test_it_can_be_asked_of_one_person_who_did_not_make_the_first(
    labelled: Services, fake: FakeLabelStudio, run: Callable[..., str]
) -> None:
    assert run("twin", "7", "1", "--of", "ben@x.org") == (
        "Asked for 1 blind twin in project 8 in Label Studio.\nexit 0"
    )
    assert fake.tab("To draw: ben@x.org", 8) == [TWIN]
    with pytest.raises(StoreError, match="asked for already"):
        ask(labelled)
    with pytest.raises(Exception, match=r"no user 'eve@x\.org'; it has ann@x\.org, ben@x\.org"):
        run("twin", "7", "1", "--of", "eve@x.org")
    fake.annotate(2, brush(disc(1)[1]))
    reconcile_all(labelled)
    with pytest.raises(StoreError, match="1 made the label of task 2; ask somebody else"):
        ask(labelled, 2, of="1")
    with pytest.raises(StoreError, match="no label that a blind twin"):
        ask(labelled, 3)
    fake.annotate(TWIN, brush(disc(0)[1]), completed_by=2)
    work_on_twins(labelled)
    figures = '"pairs": [{"one": "1", "other": "2", "twins": 1, "dice": 1.0, "outline_px": 0.0}]'
    assert figures in run("statistics", "7", "--json")


def test_photos_in_a_bucket_need_the_storage_in_the_project_of_the_twins(
    labelled: Services, fake: FakeLabelStudio
) -> None:
    with labelled.store.session() as session:
        task = get_task(session, 1, 1)
        assert task is not None
        task.image_url = "s3://photos/G00.png"
    ask(labelled)
    work_on_twins(labelled)
    assert TWIN not in fake.tasks
    problem = "s3://, which Label Studio opens only in projects with that storage; add it to "
    assert problem + "project 8" in (twin_of(labelled).problem or "")
    fake.storages.append({"id": 1, "project": 8, "type": "s3"})
    work_on_twins(labelled)
    assert (TWIN in fake.tasks, twin_of(labelled).problem) == (True, None)


def test_a_project_of_twins_that_was_deleted_is_made_again(
    labelled: Services, fake: FakeLabelStudio
) -> None:
    ask(labelled)
    work_on_twins(labelled)
    fake.others.clear()
    del fake.tasks[TWIN]
    for _ in range(3):  # it is missed, made, and its task looked at
        work_on_twins(labelled)
    assert list(fake.others) == [8]
    fake.annotate(TWIN, brush(disc(0)[1]), completed_by=2)
    work_on_twins(labelled)
    assert twin_of(labelled).dice == 1.0


def test_what_goes_before_is_gone(labelled: Services, fake: FakeLabelStudio) -> None:
    ask(labelled)
    work_on_twins(labelled)
    fake.delete(101)
    reconcile_all(labelled)
    work_on_twins(labelled)
    twin = twin_of(labelled)
    assert (twin.problem, twin.dice) == ("the first label is gone", None)
    assert twin.compared_at is not None


def test_a_project_of_twins_is_not_connected(labelled: Services, fake: FakeLabelStudio) -> None:
    ask(labelled)
    work_on_twins(labelled)
    with pytest.raises(LabelStudioError, match="project 8 holds blind twins"):
        connect(labelled.client, labelled.settings, 8, backend_url="http://127.0.0.1:9")


def test_a_config_without_anything_of_ours_stays_as_it_is() -> None:
    assert twin_config(CONFIG) == CONFIG
