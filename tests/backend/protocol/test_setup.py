"""What Label Studio asks before it asks for a prediction."""

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.store.loop.projects import known_project

GARMENT = render_label_config(["garment"])
KEY = "1.1795225515"


def setup(backend, **body):
    return backend.client.post("/setup", json={"project": KEY, "schema": GARMENT} | body)


@pytest.mark.parametrize("path", ["/", "/health"])
def test_health(backend, path):
    answer = backend.client.get(path)
    assert answer.status_code == 200
    assert answer.json == {"status": "UP", "model_class": "Hemline"}


@pytest.mark.parametrize(
    "path", ["/train", "/is_training", "/job_status", "/delete", "/validate", "/nothing"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_does_not_exist_is_404_in_json(backend, path, method):
    answer = getattr(backend.client, method)(path)
    assert answer.status_code == 404
    assert list(answer.json) == ["detail"]


def test_a_wrong_method_is_405_in_json(backend):
    answer = backend.client.get("/predict")
    assert answer.status_code == 405
    assert "detail" in answer.json
    assert "POST" in answer.headers["Allow"]


def test_setup_registers_the_project_and_names_what_is_loaded(backend):
    assert setup(backend).status_code == 200
    assert backend.connect() == "hemline-1-v1"
    assert setup(backend).json == {"model_version": "hemline-1-v1"}
    with backend.store.reading() as session:
        project = known_project(session, 1)
    assert (project.ls_key, project.label_config, project.problem) == (KEY, GARMENT, None)


def test_setup_never_waits_for_a_model(backend):
    assert setup(backend).json["model_version"] in (None, "hemline-1-v1")


@pytest.mark.parametrize("extra", ['{"a": 1}', {"a": 1}, None, "not json", [1]])
def test_setup_takes_extra_params_of_any_kind(backend, extra):
    assert setup(backend, extra_params=extra).status_code == 200


def test_setup_writes_only_news(backend, monkeypatch):
    backend.connect()
    monkeypatch.setattr(
        backend.store, "session", lambda: pytest.fail("the database was written to")
    )
    monkeypatch.setattr(backend.store, "reading", lambda: pytest.fail("the database was read"))
    assert setup(backend).json == {"model_version": "hemline-1-v1"}


def test_setup_with_another_label_config_is_written(backend):
    backend.connect()
    other = render_label_config(["dress"])
    assert setup(backend, schema=other).status_code == 200
    with backend.store.reading() as session:
        assert known_project(session, 1).label_config == other


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ("<View></View>", "Image"),
        ('<View><Image name="i" value="$image"/></View>', "BrushLabels"),
        ("", "label config"),
        ("<View", "XML"),
    ],
)
def test_a_config_that_cannot_be_filled_in_refuses_the_connection_visibly(backend, schema, word):
    answer = setup(backend, schema=schema)
    assert answer.status_code == 422
    assert word in answer.json["detail"]
    assert word in answer.status  # the status line is all that Label Studio shows
    assert "\n" not in answer.status
    with backend.store.reading() as session:
        problem = known_project(session, 1).problem
    assert problem is not None
    assert word in problem


def test_a_repaired_config_clears_the_problem_and_gets_its_starter(backend):
    setup(backend, schema="<View></View>")
    assert backend.connect() == "hemline-1-v1"
    with backend.store.reading() as session:
        assert known_project(session, 1).problem is None


def test_a_project_of_many_labels_begins_without_a_version(backend):
    assert backend.connect(render_label_config(["top", "skirt"])) is None


@pytest.mark.parametrize(
    "body",
    [{}, *({"project": key} for key in ("", "x", [1], "99999999999999999999", -1, True, 1.5))],
)
def test_setup_without_a_project_is_a_bad_request(backend, body):
    answer = backend.client.post("/setup", json={"schema": GARMENT} | body)
    assert answer.status_code == 400
    assert "project" in answer.json["detail"]


def test_versions_newest_first_of_one_project_or_of_all(backend):
    assert backend.client.get("/versions").json == {"versions": []}
    backend.connect()
    backend.connect(key="2.7")
    backend.new_champion("second")
    everything = backend.client.get("/versions").json["versions"]
    assert set(everything) == {"hemline-1-v1", "hemline-1-v2", "hemline-2-v1"}
    assert backend.client.get(f"/versions?project={KEY}").json == {
        "versions": ["hemline-1-v2", "hemline-1-v1"]
    }
    assert backend.client.get("/versions?project=77").json == {"versions": []}
    assert backend.client.get("/versions?project=x").status_code == 400


def test_every_answer_carries_a_request_id(backend):
    assert backend.client.get("/health").headers["X-Request-ID"]
    given = backend.client.get("/health", headers={"X-Request-ID": "abc-1"})
    assert given.headers["X-Request-ID"] == "abc-1"
    hostile = backend.client.get("/health", headers={"X-Request-ID": "a b<script>"})
    assert hostile.headers["X-Request-ID"] != "a b<script>"


def test_a_fault_is_500_without_a_traceback(backend, monkeypatch):
    monkeypatch.setattr(
        backend.services.projects, "register", lambda *_: (_ for _ in ()).throw(KeyError("inside"))
    )
    answer = setup(backend)
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.json["detail"]
    assert "inside" not in answer.text
    assert "Traceback" not in answer.text
