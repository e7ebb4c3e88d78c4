"""The top of the review order in Label Studio: shown, brought up to date, and taken back."""

from dataclasses import replace

import pytest

from hemline.labelstudio.project.review_fields import add_review_fields
from hemline.reasons import Evidence, Reason
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.tasks import get_task
from hemline.store.review.review_order import item_of_task
from hemline.store.review.verdicts import give_verdict
from hemline.store.review.write_order import RankedItem, write_item, write_items
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Project, Task
from tests.worker.conftest import CONFIG
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.reconcile import reconcile_all
from worker.review.show_reviews import show_project, show_reviews
from worker.services import Services

PALE = Evidence(Reason.LOW_CONTRAST, 0.4, 97.0, "40 % of the outline is pale")


@pytest.fixture
def shown(services: Services, fake: FakeLabelStudio, project: Project) -> Services:
    """Three tasks in the order, of which Label Studio shows two."""
    fake.project["label_config"] = add_review_fields(CONFIG)
    for number in range(4, 25):
        del fake.tasks[number]
    fake.tasks[2]["data"]["note"] = "theirs"
    reconcile_all(services)
    with services.store.session() as session:
        write_items(
            session,
            [
                _ranked(_task(services, number), priority)
                for number, priority in ((1, 0.2), (2, 0.9), (3, 0.5))
            ],
        )
    settings = services.settings.model_copy(update={"review_shown": 2})
    services = replace(services, settings=settings)
    show_reviews(services)
    return services


def _task(services: Services, number: int) -> Task:
    with services.store.reading() as session:
        task = get_task(session, 1, number)
    assert task is not None
    return task


def _ranked(task: Task, priority: float) -> RankedItem:
    return RankedItem(
        task.project_id,
        task.id,
        ReviewKind.LABEL,
        priority,
        "a" * 64,
        reasons=[PALE] if priority > 0.6 else [],
    )


def test_the_top_has_priorities_and_reasons_and_keeps_its_data(
    shown: Services, fake: FakeLabelStudio
) -> None:
    data = fake.tasks[2]["data"]
    assert data["review_priority"] == 0.9
    assert data["review_reason"] == (
        "Label risk 90%. Low contrast: 40 % of the outline is pale; higher than 97% of the project"
    )
    assert (data["note"], data["image"]) == ("theirs", "/data/upload/7/G00_Back.png")
    assert "review_reason" not in fake.tasks[1]["data"]


def test_only_what_changed_is_sent(
    shown: Services, fake: FakeLabelStudio, project: Project
) -> None:
    current = Project(id=project.id, ls_project_id=7)
    assert show_project(shown, current) == 0
    with shown.store.session() as session:
        write_item(session, _ranked(_task(shown, 3), 0.51))
        write_item(session, _ranked(_task(shown, 2), 0.8))
    assert show_project(shown, current) == 1 + 1  # the reason of the third says another per cent
    assert fake.tasks[2]["data"]["review_priority"] == 0.8


def test_what_is_settled_makes_room_for_the_next(
    shown: Services, fake: FakeLabelStudio, project: Project
) -> None:
    with shown.store.session() as session:
        item = item_of_task(session, _task(shown, 2).id, ReviewKind.LABEL)
        assert item is not None
        give_verdict(session, item.id, Verdict.BOTH_FINE, by="eve")
    show_reviews(shown)
    assert fake.tasks[2]["data"] == {"image": "/data/upload/7/G00_Back.png", "note": "theirs"}
    assert fake.tasks[1]["data"]["review_priority"] == 0.2


def test_projects_that_do_not_ask_for_it_are_left_alone(
    services: Services, fake: FakeLabelStudio, project: Project
) -> None:
    reconcile_all(services)
    with services.store.session() as session:
        upsert_project(session, ls_project_id=7, label_config=CONFIG)
        write_item(session, _ranked(_task(services, 1), 0.9))
    show_reviews(services)
    assert "review_reason" not in fake.tasks[1]["data"]


def test_a_label_studio_that_is_away_is_waited_for(shown: Services, fake: FakeLabelStudio) -> None:
    with shown.store.session() as session:
        write_item(session, _ranked(_task(shown, 1), 0.99))
    fake.stop()
    show_reviews(shown)
    fake.start()
    show_reviews(shown)
    assert fake.tasks[1]["data"]["review_priority"] == 0.99


def test_what_a_reviewer_sent_back_stands_first_until_it_is_mended(
    shown: Services, fake: FakeLabelStudio, project: Project
) -> None:
    current = Project(id=project.id, ls_project_id=7)
    task = _task(shown, 1)
    with shown.store.session() as session:
        item = item_of_task(session, task.id, ReviewKind.LABEL)
        assert item is not None
        give_verdict(session, item.id, Verdict.LABEL_WRONG, by="rae")
    show_project(shown, current)
    data = fake.tasks[1]["data"]
    assert data["review_priority"] == 1.0
    assert data["review_reason"].startswith("Label found wrong by rae. Label risk 20%")
    with shown.store.session() as session:  # mended: the label is another now, and ranked low
        write_item(session, replace(_ranked(task, 0.1), content_digest="b" * 64))
    show_project(shown, current)
    assert "review_reason" not in fake.tasks[1]["data"]
