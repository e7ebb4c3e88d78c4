"""What /metrics reads from the store."""

from backend.monitoring.progress import StoreFigures
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.runs import queue_run
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import DatasetSnapshot
from tests.transactions import counted


def add_projects(store: Store, numbers: range, *, training: int) -> None:
    with store.session() as session:
        for number in numbers:
            project = upsert_project(session, ls_project_id=number)
            if number == training:
                snapshot = DatasetSnapshot(
                    project_id=project.id, digest="d" * 64, labels=["garment"], counts={}
                )
                session.add(snapshot)
                session.flush()
                assert queue_run(session, project.id, snapshot.id, RunTrigger.BUTTON) is not None


def test_a_scrape_costs_as_many_queries_for_many_projects_as_for_one(backend):
    costs = []
    for numbers in (range(100, 101), range(200, 240)):
        add_projects(backend.store, numbers, training=numbers[-1])
        with counted(backend.store) as counts:
            families = {family.name: family for family in StoreFigures(backend.store).collect()}
        costs.append(counts.statements)
    projects = [sample.labels["project"] for sample in families["hemline_training_epoch"].samples]
    assert projects == ["100", "239"]
    assert costs[0] == costs[1]
