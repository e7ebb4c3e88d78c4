"""The loaded champion follows the store, and what fails leaves the old one in place."""

import threading

import pytest
from sqlalchemy import event

from hemline.errors import ModelError
from hemline.store.loop.projects import known_project, upsert_project
from hemline.store.models.label_classes import (
    ClassesSet,
    StoredLabelClasses,
    write_label_classes,
)
from hemline.store.models.models import ServedProject, create_version, promote, rollback
from hemline.store.tables.loop import DatasetSnapshot
from tests.backend.conftest import GARMENT, KEY, add_champion


def fill(store, digests):
    """A project with a champion for each digest, numbered from 1."""
    with store.session() as session:
        for number, digest in enumerate(digests, start=1):
            project = upsert_project(session, ls_project_id=number, label_config=GARMENT)
            version = create_version(
                session,
                project.id,
                recipe={},
                labels=["garment"],
                weights_digest=digest,
                code_version="0",
            )
            promote(session, version.id)


@pytest.fixture
def watched(backend):
    """The backend with its poller ended, and every load and warm-up by digest."""
    backend.services.serving.stop()
    backend.loads, backend.warmed = [], []
    load = backend.prefiller.load

    def count(version):
        backend.loads.append(version.weights_digest)
        model = load(version)
        predict = model.predictor.predict

        def warm(images):
            backend.warmed.append(version.weights_digest)
            return predict(images)

        model.predictor.predict = warm
        return model

    backend.prefiller.load = count
    return backend


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
    (item,) = backend.predict(1)
    assert "result" not in item
    assert "the champion 'hemline-1-v1' cannot be loaded: weights are broken" in item["problem"]
    assert "hemline rollback" in item["problem"]


def test_going_back_to_an_earlier_version_loads_nothing_anew(backend):
    backend.connect()
    backend.new_champion("second")
    loads = dict(backend.prefiller.networks)
    with backend.store.session() as session:
        rollback(session, known_project(session, 1).id)
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


def label_classes(store, **by_people):
    with store.session() as session:
        kept = {label: ClassesSet(names, "ada") for label, names in by_people.items()}
        write_label_classes(session, known_project(session, 1).id, StoredLabelClasses(kept))


@pytest.fixture
def asked(watched, monkeypatch):
    """What projects' starters were asked for, after the first."""
    watched.client.post("/setup", json={"project": KEY, "schema": GARMENT})
    watched.services.serving.look()
    asked = []
    monkeypatch.setattr(
        watched.prefiller, "ensure_starter", lambda *arguments: asked.append(arguments)
    )
    return asked


def test_another_meaning_of_labels_is_acted_on_once(watched, asked):
    look = watched.services.serving.look
    look()
    assert asked == []
    label_classes(watched.store, garment=("dress",))
    look()
    look()
    assert len(asked) == 1
    label_classes(watched.store, garment=("coat",))
    look()
    assert len(asked) == 2


def test_a_starter_of_another_meaning_is_loaded_at_the_same_look(watched, asked, monkeypatch):
    def change(project_id, config):
        add_champion(watched.store, project_id, "mapped", config.labels)

    watched.services.serving.look()
    monkeypatch.setattr(watched.prefiller, "ensure_starter", change)
    label_classes(watched.store, garment=("dress",))
    watched.services.serving.look()
    assert watched.services.serving.version(1) == "hemline-1-v2"
    assert watched.loads[-1] == "mapped"


def test_what_labels_mean_to_a_trained_champion_is_not_asked(watched, asked):
    with watched.store.session() as session:
        project = known_project(session, 1).id
        snapshot = DatasetSnapshot(project_id=project, digest="d", labels=["garment"])
        session.add(snapshot)
        session.flush()
        version = create_version(
            session,
            project,
            recipe={},
            labels=["garment"],
            weights_digest="trained",
            code_version="0",
            snapshot_id=snapshot.id,
        )
        promote(session, version.id)
    watched.services.serving.look()
    label_classes(watched.store, garment=("dress",))
    watched.services.serving.look()
    assert asked == []


def test_a_change_that_fails_leaves_the_starter_and_is_tried_again(watched, asked, monkeypatch):
    def fail(*_):
        asked.append("failed")
        raise ModelError("the starter is damaged")

    ensure = watched.prefiller.ensure_starter
    watched.services.serving.look()
    monkeypatch.setattr(watched.prefiller, "ensure_starter", fail)
    label_classes(watched.store, garment=("dress",))
    serving = watched.services.serving
    serving.look()
    serving.look()
    assert asked == ["failed"]  # it waits a while
    assert serving.version(1) == "hemline-1-v1"
    serving._failed.clear()
    monkeypatch.setattr(watched.prefiller, "ensure_starter", ensure)
    serving.look()
    assert len(asked) == 2


def test_a_change_while_the_backend_was_down_is_acted_on(watched, asked):
    label_classes(watched.store, garment=("dress",))
    watched.services.serving._mapped.clear()  # as a process that has just begun
    watched.services.serving.look()
    assert len(asked) == 1


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
    changed: list[ServedProject] = []

    def start_late(project):
        if not changed:
            changed.append(project)
            serving.look_again(project.ls_project_id)
            return None
        return start(project)

    monkeypatch.setattr(serving, "_start_project", start_late)
    assert backend.connect() == "hemline-1-v1"


def test_weights_are_loaded_and_tried_once_a_digest_however_many_projects_share_them(watched):
    """Also with more digests than stay in memory, in an order that asks for each in turn."""
    digests = [f"weights {number % 7}" for number in range(70)]
    fill(watched.store, digests)
    serving = watched.services.serving
    for _ in range(3):
        serving.look()
    assert sorted(watched.loads) == sorted(watched.warmed) == sorted(set(digests))
    assert all(serving.version(number) for number in range(1, 71))
    assert watched.client.get("/readyz").status_code == 200


def test_broken_weights_are_tried_once_however_many_projects_share_them(watched):
    fill(watched.store, ["broken", "good"] * 10)
    serving = watched.services.serving
    serving.look()
    serving.look()
    assert sorted(watched.loads) == ["broken", "good"]
    assert "project 1, 3, 5, 7, 9 and 5 more is not loaded" in (serving.problem() or "")


def test_a_look_that_finds_nothing_new_asks_the_store_a_fixed_number_of_questions(watched):
    fill(watched.store, ["good"] * 3)
    serving = watched.services.serving

    def questions():
        asked = []

        def note(*_):
            asked.append(1)

        event.listen(watched.store._engine, "before_cursor_execute", note)
        try:
            serving.look()
        finally:
            event.remove(watched.store._engine, "before_cursor_execute", note)
        return len(asked)

    serving.look()
    few = questions()
    fill(watched.store, ["good"] * 40)
    serving.look()
    assert questions() == few


def test_webhooks_and_projects_with_known_weights_do_not_wait_for_a_load(watched):
    fill(watched.store, ["good"])
    serving = watched.services.serving
    serving.look()
    fill(watched.store, ["good", "slow", "good"])
    gate, load = threading.Event(), watched.prefiller.load

    def wait(version):
        assert version.weights_digest != "slow" or gate.wait(30)
        return load(version)

    watched.prefiller.load = wait
    looking = threading.Thread(target=serving.look)
    looking.start()
    try:
        serving.wait(3, seconds=20)
        assert serving.version(3) is not None
        answer = watched.client.post(
            "/webhook", json={"action": "PROJECT_UPDATED", "project": {"id": 2}}
        )
        assert answer.status_code == 201
        assert serving.version(2) is None
    finally:
        gate.set()
        looking.join()
    assert serving.version(2) is not None


def test_while_champions_are_loaded_the_probe_says_how_many_are_left(watched):
    gate, entered = threading.Event(), threading.Event()

    def wait(version):
        entered.set()
        assert gate.wait(30)
        raise ModelError("weights are broken; train again")

    fill(watched.store, ["a", "b", "b"])
    serving = watched.services.serving
    serving._is_complete = False
    watched.prefiller.load = wait
    looking = threading.Thread(target=serving.look)
    looking.start()
    try:
        assert entered.wait(20)
        answer = watched.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json["problem"] == "the champions of 3 projects are still being loaded"
    finally:
        gate.set()
        looking.join()


def test_a_quicker_form_is_tried_and_then_takes_the_place(watched, monkeypatch):
    serving = watched.services.serving
    fill(watched.store, ["a"])
    forms = {"a": "fp32"}
    monkeypatch.setattr(serving, "_form", lambda version: forms[version.weights_digest])
    serving.look()
    assert (watched.loads, watched.warmed) == (["a"], ["a"])
    monkeypatch.setattr("backend.serving.champion_loader._FORMS_EVERY_S", 0.0)
    serving.look()
    assert watched.loads == ["a"]
    first = watched.prefiller.networks.pop("a")
    forms["a"] = "int8"
    serving.look()
    serving.look()
    assert (watched.loads, watched.warmed) == (["a", "a"], ["a", "a"])
    assert watched.network("a") is not first
    assert "result" in watched.predict(1)[0]
    assert (first.calls, watched.network("a").calls) == (0, 1)


def test_a_form_that_does_not_load_leaves_the_old_one(watched, monkeypatch):
    serving = watched.services.serving
    fill(watched.store, ["a"])
    serving.look()
    monkeypatch.setattr("backend.serving.champion_loader._FORMS_EVERY_S", 0.0)
    monkeypatch.setattr(serving, "_form", lambda version: "int8")

    def fail(version):
        raise ModelError("int8 is broken")

    watched.prefiller.load = fail
    serving.look()
    assert watched.metric("hemline_champion_load_failures_total") == 1
    assert "result" in watched.predict(1)[0]


def test_only_whoever_waits_is_spared_the_look_in_the_mirror(make_backend):
    backend = make_backend()
    backend.connect()
    backend.predict(1)
    assert backend.network().sure_from == 0.97
    backend.predict(2, 3)
    assert backend.network().sure_from is None
    always = make_backend(sure_from=1)
    always.connect()
    always.predict(4)
    assert always.network().sure_from is None
