"""The real process: `hemline backend` with gunicorn, the starter and a store on disk."""

import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backend.serving.admission import WAITING_PLACES
from hemline.labelstudio.project.config import render_label_config
from hemline.segmentation.model_card import ModelCard
from hemline.segmentation.model_file import load_model, save_model
from hemline.segmentation.starter import starter_path
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.deliveries import count_by_state, next_deliveries
from hemline.store.loop.jobs import list_jobs
from hemline.store.loop.projects import get_project
from hemline.store.loop.tasks import ls_task_ids
from hemline.store.models.models import create_version, promote
from hemline.store.states import DeliveryState, JobKind, JobState
from hemline.system.ports import pick_free_port
from tests.backend.running import COMMAND, RunningBackend, draw_photos, environment, until

GARMENT = render_label_config(["garment"])
TASKS = 14


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("backend")
    draw_photos(home, TASKS)
    with RunningBackend(home) as running:
        yield running


@pytest.fixture
def tasks(server: RunningBackend) -> list[dict[str, Any]]:
    return draw_photos(server.home, TASKS)


@pytest.fixture
def project(server: RunningBackend, request: pytest.FixtureRequest) -> str:
    """A project of its own for each test, with its champion loaded."""
    key = f"{abs(hash(request.node.name)) % 10**6 + 1}.1795225515"
    until(lambda: server.setup(key, GARMENT), 60)
    return key


def predict(server: RunningBackend, key: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = {"tasks": tasks, "project": key, "label_config": GARMENT, "params": {}}
    status, answer = server.ask("POST", "/predict", body)
    assert status == 200, answer
    items: list[dict[str, Any]] = answer["results"]
    return items


def correction(number: int) -> dict[str, Any]:
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": number, "task": 7, "result": []},
        "task": {"id": 7, "data": {"image": "/data/upload/1/a.png"}},
        "project": {"id": 1, "label_config": GARMENT},
    }


def test_a_photo_is_masked_by_the_starter(server, project, tasks):
    (item,) = predict(server, project, tasks[:1])
    (region,) = item["result"]
    assert (region["original_width"], region["original_height"]) == (120, 160)
    assert region["value"]["format"] == "rle"
    assert 0 < item["score"] <= 1
    assert item["model_version"] == server.setup(project, GARMENT)


def test_two_openings_of_one_task_give_one_mask(server, project, tasks):
    for task in tasks[:5]:
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(lambda _, task=task: predict(server, project, [task]), range(2))
            )
        assert sum("result" in items[0] for items in answers) == 1


@pytest.mark.slow
def test_a_new_champion_under_load_fails_no_request(server, project, tasks, tmp_path):
    old = server.setup(project, GARMENT)
    ended, failures, versions = threading.Event(), [], []

    def ask() -> None:
        while not ended.is_set():
            status, body = server.ask("POST", "/setup", {"project": project, "schema": GARMENT})
            if status != 200:
                failures.append(body)
            else:
                versions.append(body["model_version"])

    def open_tasks() -> None:
        for task in tasks * 10:
            if ended.is_set():
                return
            (item,) = predict(server, project, [task])
            if "result" in item:
                versions.append(item["model_version"])

    threads = [threading.Thread(target=target) for target in (ask, ask, open_tasks)]
    for thread in threads:
        thread.start()
    new = promote_a_copy(server, int(project.split(".")[0]), tmp_path)
    try:
        until(lambda: server.setup(project, GARMENT) == new, 60)
        time.sleep(0.5)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert set(versions) == {old, new}
    answers = [predict(server, project, [task])[0].get("model_version", new) for task in tasks[:2]]
    assert set(answers) == {new}


def promote_a_copy(server: RunningBackend, ls_project_id: int, folder: Path) -> str:
    """The starter with another card, hence another digest, as champion."""
    model, card = load_model(starter_path())
    copy = folder / "copy.safetensors"
    save_model(
        copy,
        model.state_dict(),
        ModelCard(card.recipe, card.labels, card.threshold, {"copy": True}),
    )
    digest = ArtifactStore(str(server.home / "artifacts")).put(copy.read_bytes(), "weights")
    store = Store(f"sqlite:///{server.home / 'hemline.db'}")
    with store.session() as session:
        row = get_project(session, ls_project_id)
        assert row is not None
        version = create_version(
            session,
            row.id,
            recipe={},
            labels=("garment",),
            weights_digest=digest,
            code_version="0",
        )
        promote(session, version.id)
    store.dispose()
    return version.name


def test_health_and_setup_are_answered_while_every_prediction_hangs(tmp_path):
    """Photos that do not arrive hold as many requests as may predict, and no others."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        env = {"HEMLINE_IMAGE_HOSTS": host, "THREADS": "4", "HEMLINE_PREDICT_BUDGET_S": "20"}
        asked = 4 + WAITING_PLACES + 4
        with RunningBackend(tmp_path, **env) as server, ThreadPoolExecutor(asked) as pool:
            until(lambda: server.setup("1.1", GARMENT), 120)
            hanging = [
                {"id": n, "data": {"image": f"http://{host}/{n}.jpg"}} for n in range(1, asked + 1)
            ]
            answers = [pool.submit(predict, server, "1.1", [task]) for task in hanging]
            until(
                lambda: sum(answer.done() for answer in answers) >= 4, 120
            )  # there is no room for them
            for _ in range(5):
                assert server.ask("GET", "/health")[0] == 200
                assert server.setup("1.1", GARMENT)
                assert server.ask("POST", "/webhook", correction(1))[0] == 201
            assert not all(answer.done() for answer in answers)
            assert all("result" not in answer.result()[0] for answer in answers)


def test_kill_9_right_after_the_answer_loses_nothing(tmp_path):
    server = RunningBackend(tmp_path)
    answered = 0
    for number in range(1, 6):
        assert server.ask("POST", "/webhook", correction(number))[0] == 201
        answered += 1
    server.kill()
    store = Store(f"sqlite:///{tmp_path / 'hemline.db'}")
    with store.reading() as session:
        assert count_by_state(session)[DeliveryState.NEW] == answered
    with RunningBackend(tmp_path) as again:
        status, body = again.ask("POST", "/webhook", correction(1))
        assert (status, body["result"]) == (201, {"new": False})
        assert 'hemline_webhook_deliveries{state="new"} 5.0' in again.ask("GET", "/metrics")[1]
    with store.session() as session:  # what the worker's sweep asks
        found = [d.payload["annotation"]["id"] for d in next_deliveries(session, 10, 5)]
    store.dispose()
    assert found == [1, 2, 3, 4, 5]


def test_sigterm_lets_a_request_end_and_leaves_nothing_behind(tmp_path):
    tasks = draw_photos(tmp_path, 4)
    with RunningBackend(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        until(lambda: server.setup("1.1", GARMENT), 120)
        processes = server.processes()
        running = pool.submit(predict, server, "1.1", tasks)
        until(lambda: "hemline_model_seconds_count 0.0" not in server.ask("GET", "/metrics")[1], 60)
        server.process.send_signal(signal.SIGTERM)
        answered = running.result()
        assert server.process.wait(60) == 0
    assert len(answered) == len(tasks)
    assert all("result" in item or "handed to the worker" in item["problem"] for item in answered)
    assert not any(process.is_running() for process in processes)


def test_sigterm_answers_what_is_done_and_hands_the_rest_to_the_worker(tmp_path):
    """Two photos of forty are there, the others never arrive."""
    tasks = draw_photos(tmp_path, 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        tasks += [{"id": n, "data": {"image": f"http://{host}/{n}.jpg"}} for n in range(3, 41)]
        env = {"HEMLINE_IMAGE_HOSTS": host, "HEMLINE_IMAGE_TIMEOUT_S": "60"}
        with RunningBackend(tmp_path, **env) as server, ThreadPoolExecutor(1) as pool:
            until(lambda: server.setup("1.1", GARMENT), 120)
            processes = server.processes()
            running = pool.submit(predict, server, "1.1", tasks)
            until(lambda: "hemline_model_seconds_count 2.0" in server.ask("GET", "/metrics")[1], 60)
            server.process.send_signal(signal.SIGTERM)
            answered = running.result()
            assert server.process.wait(60) == 0
    until(lambda: not any(process.is_running() for process in processes), 30)
    assert ["result" in item for item in answered] == [True] * 2 + [False] * 38
    assert all("handed to the worker" in item["problem"] for item in answered[2:])
    store = Store(f"sqlite:///{tmp_path / 'hemline.db'}")
    with store.reading() as session:
        (job,) = list_jobs(session)
        known = ls_task_ids(session, job.project_id)
    store.dispose()
    assert (job.kind, job.state) == (JobKind.PREDICT_POOL, JobState.QUEUED)
    assert known == set(range(1, 41))


def run(home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND,
        env=environment(home, pick_free_port(), **env),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_busy_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run(tmp_path, PORT=str(port))
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "PORT" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_host_that_is_not_ours_is_one_sentence(tmp_path):
    ended = run(tmp_path, HOST="no-such-host.invalid")
    assert ended.returncode == 1
    assert "no-such-host.invalid" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_database_that_is_away_is_one_sentence(tmp_path):
    ended = run(tmp_path, DATABASE_URL=f"postgresql://u:secret@127.0.0.1:{pick_free_port()}/x")
    assert ended.returncode == 1
    assert "DATABASE_URL" in ended.stderr
    assert "secret" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_of_a_newer_hemline_is_one_sentence(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'hemline.db'}")
    store.upgrade()
    store.dispose()
    with sqlite3.connect(tmp_path / "hemline.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    ended = run(tmp_path)
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1


def test_logs_hold_no_secrets_and_no_bodies_and_ctrl_c_ends_it(tmp_path):
    env = {
        "LOG_LEVEL": "DEBUG",
        "BASIC_AUTH_USER": "lucy",
        "BASIC_AUTH_PASS": "Passw0rd",
        "HEMLINE_WEBHOOK_SECRET": "S3cret",
        "LABEL_STUDIO_API_KEY": "T0ken",
    }
    with RunningBackend(tmp_path, **env) as server:
        body = correction(1) | {"marker": "B0dy"}
        body["project"] |= {"token": "T0ken2", "task_data_password": "Passw0rd2"}
        assert server.ask("POST", "/webhook", body)[0] == 401
        headers = {"X-Hemline-Secret": "S3cret"}
        assert server.ask("POST", "/webhook?x=Qu3ry", body, headers)[0] == 201
        setup = {"project": "1.1", "schema": GARMENT, "access_token": "T0ken3"}
        basic = {"Authorization": "Basic bHVjeTpQYXNzdzByZA=="}
        assert server.ask("POST", "/setup", setup, basic)[0] == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == 0
    log = server.log.read_text()
    assert "/webhook" in log
    assert "Traceback" not in log
    for secret in ("Passw0rd", "S3cret", "T0ken", "B0dy", "Qu3ry", "bHVjeTpQ"):
        assert secret not in log
