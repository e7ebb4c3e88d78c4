"""What Label Studio does not answer for one project keeps no other waiting."""

from types import ModuleType

import pytest

from hemline.errors import LabelStudioUnavailable
from hemline.store.loop.projects import list_projects, upsert_project
from hemline.store.loop.tasks import ls_task_ids
from hemline.store.tables.loop import Project
from tests.worker.conftest import CONFIG
from tests.worker.fake_label_studio import FakeLabelStudio, Fault, now
from worker.ingest.reconcile import reconcile_all
from worker.review import show_reviews
from worker.second_looks import blind_twins, show_returns
from worker.services import Services

JSON = "application/json"
FAULTS: dict[str, Fault] = {
    "504": (504, "text/plain", b"", {}),
    "a list": (200, JSON, b"[]", {}),
    "null": (200, JSON, b"null", {}),
    "no project": (200, JSON, b"{}", {}),
    "a page": (200, "text/html", b"<!doctype html><title>Back soon</title>", {}),
    "a log-in": (302, "text/plain", b"", {"Location": "/user/login/?next=/"}),
    "a hang-up": None,
}


@pytest.fixture
def more(
    services: Services, fake: FakeLabelStudio, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Projects 8, 9 and 10 beside 7, with a task each."""
    monkeypatch.setattr("hemline.labelstudio.http._PAUSES_S", ())
    monkeypatch.setattr(type(services.sender), "send", lambda *_, **__: True)
    image = fake.tasks[1]["data"]
    fake.tasks = {1: fake.tasks[1]}
    for number in (8, 9, 10):
        fake.others[number] = {"id": number, "label_config": CONFIG, "task_number": 1}
        fake.tasks[number] = {"id": number, "project": number, "data": image, "updated_at": now()}
        with services.store.session() as session:
            upsert_project(session, ls_project_id=number, label_config=CONFIG)


def marked(services: Services) -> list[int]:
    with services.store.reading() as session:
        rows = list_projects(session)
    assert not any(row.problem for row in rows)  # pre-filling goes on with what is known
    return [row.ls_project_id for row in rows if row.not_read]


def read(services: Services) -> list[int]:
    with services.store.reading() as session:
        return [row.ls_project_id for row in list_projects(session) if ls_task_ids(session, row.id)]


def of_project(number: int, fault: Fault) -> tuple[str, Fault]:
    return f"GET /api/projects/{number}/", fault


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("fault", FAULTS)
def test_one_project_that_cannot_be_read_is_marked_until_it_can(
    services: Services, fake: FakeLabelStudio, fault: str
) -> None:
    fake.faults = [of_project(7, FAULTS[fault])]
    reconcile_all(services)
    assert (read(services), marked(services)) == ([8, 9, 10], [7])
    fake.faults = []
    reconcile_all(services)
    assert (read(services), marked(services)) == ([7, 8, 9, 10], [])


@pytest.mark.usefixtures("more")
def test_three_in_a_row_end_the_turn_and_come_last_in_the_next(
    services: Services, fake: FakeLabelStudio
) -> None:
    fake.faults = [of_project(number, FAULTS["504"]) for number in (7, 8, 9)]
    reconcile_all(services)
    assert (read(services), marked(services)) == ([], [7, 8, 9])
    reconcile_all(services)
    assert (read(services), marked(services)) == ([10], [7, 8, 9])


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("fault", ["504", "a page", "a log-in", "a hang-up"])
def test_a_label_studio_that_is_away_marks_none(
    services: Services, fake: FakeLabelStudio, fault: str
) -> None:
    fake.faults = [("/", FAULTS[fault])]
    reconcile_all(services)
    assert (read(services), marked(services)) == ([], [])


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize(
    ("module", "listed", "look", "work"),
    [
        (show_reviews, "list_projects", "show_reviews", "show_project"),
        (show_returns, "projects_with_returns", "show_returns", "show_returns_of"),
        (blind_twins, "projects_with_twins", "work_on_twins", "work_on_twins_of"),
    ],
    ids=["reviews", "returns", "twins"],
)
def test_what_is_shown_goes_on_with_the_next_project(
    services: Services,
    fake: FakeLabelStudio,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    listed: str,
    look: str,
    work: str,
) -> None:
    asked: list[int] = []

    def shows(_: Services, project: Project, *__: object) -> None:
        asked.append(project.ls_project_id)
        if project.ls_project_id == 7:
            raise LabelStudioUnavailable("HTTP 504")

    monkeypatch.setattr(module, listed, list_projects)
    monkeypatch.setattr(module, work, shows)
    monkeypatch.setattr(show_reviews, "has_review_fields", lambda _: True)
    getattr(module, look)(services)
    assert asked == [7, 8, 9, 10]
    fake.stop()
    asked.clear()
    getattr(module, look)(services)
    assert asked == [7]
