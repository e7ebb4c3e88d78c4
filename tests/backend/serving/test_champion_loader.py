"""The loaded champion follows the store, and what fails leaves the old one in place."""

from hemline.store.loop.models import rollback
from hemline.store.loop.projects import get_project, upsert_project


def test_a_champion_that_cannot_be_loaded_leaves_the_old_one(backend):
    backend.connect()
    backend.new_champion("broken")
    assert backend.connect() == "hemline-1-v1"
    assert "result" in backend.predict(1)[0]
    assert backend.metric("hemline_champion_load_failures_total") == 1
    backend.services.serving.look()  # not tried again at once
    assert backend.metric("hemline_champion_load_failures_total") == 1
    assert backend.client.get("/readyz").status_code == 200


def test_a_better_one_after_a_broken_one_is_loaded(backend):
    backend.connect()
    backend.new_champion("broken")
    backend.new_champion("third")
    assert backend.connect() == "hemline-1-v3"


def test_a_project_whose_only_champion_is_broken_makes_it_not_ready(backend, monkeypatch):
    monkeypatch.setattr(backend.prefiller, "ensure_starter", lambda *_: None)
    assert backend.connect() is None
    backend.new_champion("broken")
    answer = backend.client.get("/readyz")
    assert answer.status_code == 503
    assert "project 1" in answer.json["problem"]
    assert "result" not in backend.predict(1)[0]


def test_going_back_to_an_earlier_version_loads_nothing_anew(backend):
    backend.connect()
    backend.new_champion("second")
    loads = dict(backend.prefiller.networks)
    with backend.store.session() as session:
        rollback(session, get_project(session, 1).id)
    backend.services.serving.look()
    assert backend.connect() == "hemline-1-v1"
    assert backend.prefiller.networks == loads


def test_a_dropped_network_is_loaded_again_when_it_is_needed(backend):
    backend.connect()
    backend.services.serving._predictors._loaded.clear()
    assert "result" in backend.predict(1)[0]


def test_projects_share_the_network_of_the_same_weights(backend):
    assert backend.connect() == "hemline-1-v1"
    assert backend.connect(key="2.5") == "hemline-2-v1"
    assert len(backend.services.serving._predictors._loaded) == 1


def test_a_project_with_a_problem_gets_no_starter_and_stops_no_other(backend):
    with backend.store.session() as session:
        upsert_project(session, ls_project_id=5, label_config="<View/>", problem="no image")
        upsert_project(session, ls_project_id=6, label_config="no xml")
    backend.services.serving.look()
    assert backend.connect() == "hemline-1-v1"
    assert backend.services.serving.version(5) is None


def test_the_store_may_be_away_and_come_back(backend, monkeypatch):
    backend.connect()
    reading = backend.store.reading

    def away():
        raise ConnectionError

    monkeypatch.setattr(backend.store, "reading", away)
    backend.services.serving._wake.set()
    assert backend.connect() == "hemline-1-v1"
    monkeypatch.setattr(backend.store, "reading", reading)
    backend.new_champion("second")
    assert backend.connect() == "hemline-1-v2"


def test_a_change_while_the_store_is_read_is_seen_by_the_next_look(backend, monkeypatch):
    """What was read before the change does not count as the project's state."""
    serving = backend.services.serving
    start = serving._start_project
    changed = []

    def start_late(project):
        if not changed:
            changed.append(project)
            serving.look_again(project.ls_project_id)
            return None
        return start(project)

    monkeypatch.setattr(serving, "_start_project", start_late)
    assert backend.connect() == "hemline-1-v1"
