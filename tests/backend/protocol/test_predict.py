"""/predict: an item a task, whatever the request looks like and whatever goes wrong."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.protocol import bodies
from backend.serving import answer as predictions
from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.client import Json
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import regions_to_mask
from hemline.store.loop.jobs import list_jobs
from hemline.store.loop.projects import known_project
from hemline.store.loop.tasks import get_task, list_task_problems
from hemline.store.states import JobKind
from hemline.system.people_wait import let_people_go_first

GARMENT = render_label_config(["garment"])
KEY = "1.1795225515"


@pytest.fixture
def connected(backend, monkeypatch):
    monkeypatch.setattr(predictions, "GRACE_S", 0.0)
    backend.connect()
    return backend


@pytest.fixture
def no_window(monkeypatch):
    """As if the earlier requests were long ago."""
    monkeypatch.setattr(predictions, "SEND_WINDOW_S", -1e9)


def masked(items):
    return [number for number, item in enumerate(items) if "result" in item]


def test_one_region_a_label_at_the_photos_size(connected):
    (item,) = connected.predict(7)
    assert item["score"] == 0.75
    assert item["model_version"] == "hemline-1-v1"
    (region,) = item["result"]
    assert region["type"] == "brushlabels"
    assert (region["from_name"], region["to_name"]) == ("mask", "image")
    assert (region["original_width"], region["original_height"]) == (48, 64)
    mask = regions_to_mask(
        item["result"], config=parse_label_config(GARMENT), labels=["garment"], height=64, width=48
    )
    assert mask[20, 20] == 1
    assert mask[0, 0] == 0
    assert mask.sum() == 32 * 24


def test_an_empty_request_has_no_results(connected):
    assert connected.predict() == []
    empty: list[Json] = [{}, {"tasks": None}, {"tasks": []}, {"project": KEY}]
    for body in empty:
        answer = connected.client.post("/predict", json=body, buffered=True)
        assert answer.status_code == 200
        assert answer.json == {"results": []}


def test_tasks_may_be_a_single_task(connected):
    body = {"tasks": {"id": 3, "data": {"image": "/data/upload/1/a.png"}}, "project": KEY}
    (item,) = connected.client.post("/predict", json=body, buffered=True).json["results"]
    assert "result" in item


def test_without_params_label_config_and_with_the_project_in_the_task_only(connected):
    body = {"tasks": [{"id": 3, "project": 1, "data": {"image": "/data/upload/1/a.png"}}]}
    (item,) = connected.client.post("/predict", json=body, buffered=True).json["results"]
    assert "result" in item


def test_a_request_without_any_project_is_answered_without_masks(connected):
    body = {"tasks": [{"id": 3, "data": {"image": "/a.png"}}], "label_config": GARMENT}
    answer = connected.client.post("/predict", json=body, buffered=True)
    assert answer.status_code == 200
    assert answer.json["results"] == [{"problem": answer.json["results"][0]["problem"]}]
    assert "project" in answer.json["results"][0]["problem"]


def test_an_unknown_project_is_registered_from_the_request(backend):
    items = backend.predict(1)  # no /setup before: waits for the model
    assert masked(items) == [0]


def test_an_unknown_project_without_a_config_is_answered_without_masks(backend):
    (item,) = backend.predict(1, label_config=None)
    assert "result" not in item
    assert "hemline connect" in item["problem"]


def test_a_project_known_to_an_earlier_process(connected, make_backend):
    later = make_backend()
    later.services.serving.look()
    assert masked(later.predict(1, label_config=None)) == [0]


def test_a_project_of_many_labels_without_a_model_yet(backend):
    config = render_label_config(["top", "skirt"])
    items = backend.predict(1, 2, label_config=config)
    assert masked(items) == []
    assert "no trained model" in items[0]["problem"]


def test_a_broken_task_leaves_the_rest_unharmed(connected):
    tasks = [
        {"id": 1, "data": {"image": "/data/upload/1/a.png"}},
        {"id": 2, "data": {"image": "/data/upload/1/broken.png"}},
        {"id": 3, "data": {}},
        {"id": 4, "data": {"image": 5}},
        {"id": 5},
        {"data": {"image": "/data/upload/1/b.png"}},
        {"id": "6", "data": {"image": "/data/upload/1/b.png"}},
        {"id": 10**30, "data": {"image": "/data/upload/1/b.png"}},
        {"id": 9, "data": {"image": "/data/upload/1/\u0000\ud800c.png"}},
        {"id": 10, "data": {"image": "/data/upload/1/d.png"}, "predictions": "odd"},
        {"id": 11, "data": {"image": "http://[broken/e.png"}},
    ]
    body = json.dumps({"tasks": tasks, "project": KEY})
    items = connected.client.post("/predict", data=body, buffered=True).json["results"]
    assert len(items) == len(tasks)
    assert masked(items) == [0, 8, 9]
    assert all(item["problem"] for item in items if "result" not in item)
    assert not any("Hemline failed" in item.get("problem", "") for item in items)
    with connected.store.reading() as session:
        marks = {mark.ls_task_id: mark.problem for mark in list_task_problems(session)}
    assert "truncated" in marks[2]
    assert "'image'" in marks[3]
    assert 1 not in marks


def test_a_fault_of_ours_in_one_task_leaves_the_rest_unharmed(connected):
    connected.photos.errors["/data/upload/1/dress2.png"] = ZeroDivisionError()
    items = connected.predict(1, 2, 3)
    assert masked(items) == [0, 2]
    assert "Division" not in items[1]["problem"]


def test_what_label_studio_has_already_is_not_sent_again(connected):
    tasks = [
        {"id": 1, "data": {"image": "/a.png"}, "predictions": [{"model_version": "hemline-1-v1"}]},
        {"id": 2, "data": {"image": "/b.png"}, "predictions": [{"model_version": "hemline-1-v0"}]},
    ]
    items = connected.predict(tasks=tasks)
    assert masked(items) == [1]


def test_a_second_asking_right_after_the_first_gets_nothing(connected):
    assert masked(connected.predict(1)) == [0]
    assert masked(connected.predict(1)) == []
    assert connected.network().calls == 1


@pytest.mark.usefixtures("no_window")
def test_a_later_retrieval_is_answered_from_the_store(connected):
    first = connected.predict(*range(1, 30))
    assert connected.network().calls == 29
    second = connected.predict(*range(1, 30))
    assert second == first
    assert connected.network().calls == 29
    assert connected.metric("hemline_task_answers_total", source="model") == 29
    assert connected.metric("hemline_task_answers_total", source="store") == 29


def test_two_openings_at_once_give_one_mask(connected):
    network = connected.network()
    network.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(connected.predict, 1) for _ in range(8)]
        network.entered.acquire()
        time.sleep(0.1)
        network.gate.set()
        items = [answer.result()[0] for answer in answers]
    assert sum("result" in item for item in items) == 1
    assert network.calls == 1


def test_the_loser_is_answered_after_the_winner(connected):
    network = connected.network()
    network.gate.clear()
    order = []

    def ask():
        (item,) = connected.predict(1)
        order.append("result" in item)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    network.entered.acquire()
    time.sleep(0.05)
    assert order == []
    network.gate.set()
    for thread in threads:
        thread.join()
    assert order == [True, False]


def test_an_opening_while_the_task_is_in_a_large_retrieval(connected):
    """The person is answered at once, and the retrieval does not store the mask again."""
    network = connected.network()
    network.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        retrieval = pool.submit(connected.predict, *range(1, 6))
        network.entered.acquire()
        opening = threading.Thread(target=lambda: opened.extend(connected.predict(1)))
        opened: list[Json] = []
        opening.start()
        time.sleep(0.1)
        network.gate.set()
        opening.join()
        items = retrieval.result()
    assert masked(opened) + [number for number in masked(items) if number == 0] == [0]
    assert masked(items)[-4:] == [1, 2, 3, 4]


def test_work_without_anybody_waits_while_somebody_opens_a_task(connected, tmp_path):
    network = connected.network()
    network.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(connected.predict, 1)
        network.entered.acquire()
        assert let_people_go_first(tmp_path, longest_s=0.2) >= 0.2
        network.gate.set()
        assert "result" in opening.result()[0]
        assert let_people_go_first(tmp_path, longest_s=30) < 15
        network.gate.clear()
        retrieval = pool.submit(connected.predict, 2, 3)  # which nobody looks at
        network.entered.acquire()
        assert let_people_go_first(tmp_path, longest_s=30) < 15
        network.gate.set()
        retrieval.result()


def test_what_does_not_fit_in_the_time_is_left_to_the_worker(make_backend, monkeypatch):
    monkeypatch.setattr(predictions, "GRACE_S", 0.0)
    backend = make_backend(predict_budget_s=0.5)
    backend.connect()
    network = backend.network()
    backend.predict(1, 2)
    network.gate.clear()
    items = backend.predict(*range(3, 40))
    assert masked(items) == []
    assert len(items) == 37
    assert all("worker" in item["problem"] for item in items)
    network.gate.set()
    backend.finish_background()
    with backend.store.reading() as session:
        project = known_project(session, 1)
        (job,) = list_jobs(session, project.id)
        assert job.kind is JobKind.PREDICT_POOL
        assert all(get_task(session, project.id, number) for number in range(3, 40))
    assert backend.sent == [("worker.predict_pool", job.id, "predict")]
    assert backend.metric("hemline_task_answers_total", source="left") == 37


def test_jobs_for_the_same_pool_are_one(make_backend):
    backend = make_backend(predict_budget_s=0.2)
    backend.connect()
    backend.network().gate.clear()
    backend.predict(1, 2)
    backend.predict(3, 4)
    backend.finish_background()
    with backend.store.reading() as session:
        assert len(list_jobs(session)) == 1


def test_label_studio_away_leaves_the_task_unmarked_and_to_the_worker(connected):
    connected.photos.errors["/data/upload/1/dress1.png"] = LabelStudioUnavailable("it is away")
    (item,) = connected.predict(1)
    assert item == {"problem": "it is away"}
    connected.finish_background()
    with connected.store.reading() as session:
        assert list_task_problems(session) == []
        assert len(list_jobs(session)) == 1


def test_an_opening_waits_for_a_place_and_a_retrieval_is_told_at_once(make_backend):
    backend = make_backend(threads=1)
    backend.connect()
    network = backend.network()
    network.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(backend.predict, 1)
        network.entered.acquire()
        second = pool.submit(backend.predict, 2)
        assert ["busy" in item["problem"] for item in backend.predict(3, 4)] == [
            True,
            True,
        ]
        assert not second.done()
        network.gate.set()
        assert masked(first.result()) == [0]
        assert masked(second.result()) == [0]
    backend.finish_background()
    with backend.store.reading() as session:
        assert len(list_jobs(session)) == 1
    assert masked(backend.predict(5, 6)) == [0, 1]


def test_a_large_request_is_read_piece_by_piece_with_the_same_answer(connected, monkeypatch):
    monkeypatch.setattr(bodies, "_LARGE", 100)
    tasks = [
        {
            "id": number,
            "data": {"image": f"/data/upload/1/{number}.png"},
            "annotations": [{"result": [{"value": {"rle": [1] * 100}}]}],
            "predictions": [{"model_version": "old", "result": []}],
        }
        for number in range(1, 9)
    ]
    assert masked(connected.predict(tasks=tasks)) == list(range(8))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"tasks": [1, 2]}',
        b'{"tasks": "all"}',
        b'{"tasks": [{"id": 1}], "project": {"id": 1}}',
        b"[" * 50_000,
        b"{'tasks': 1}",
    ],
)
def test_hostile_bodies_are_a_bad_request_in_one_sentence(connected, body):
    answer = connected.client.post("/predict", data=body, buffered=True)
    assert answer.status_code == 400
    assert list(answer.json) == ["detail"]
    assert "Traceback" not in answer.text


def test_odd_types_where_label_studio_sends_others_are_tolerated(connected):
    odd: list[Json] = [
        {"params": None},
        {"params": []},
        {"params": {"context": "x"}},
        {"label_config": 5},
        {"extra": {"x": [1]}},
    ]
    for more in odd:
        (item,) = connected.predict(1, **more)
        assert item


def test_a_new_champion_needs_no_restart_and_fails_no_request(connected):
    assert connected.predict(1)[0]["model_version"] == "hemline-1-v1"
    network = connected.network()
    network.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(connected.predict, 2)
        network.entered.acquire()
        looker = threading.Thread(target=connected.new_champion, args=("second",))
        looker.start()
        assert connected.connect() == "hemline-1-v1"  # what is loaded, not what is promoted
        network.gate.set()
        looker.join()
        assert running.result()[0]["model_version"] == "hemline-1-v1"
    assert connected.connect() == "hemline-1-v2"
    assert connected.predict(1)[0]["model_version"] == "hemline-1-v2"


@pytest.mark.usefixtures("no_window")
def test_the_same_version_is_named_all_through_a_retrieval(connected):
    stop = threading.Event()

    def promote():
        number = 0
        while not stop.is_set() and number < 12:
            number += 1
            connected.new_champion(f"digest {number}")

    promoter = threading.Thread(target=promote)
    promoter.start()
    try:
        for start in range(1, 100, 10):
            items = connected.predict(*range(start, start + 10))
            assert masked(items) == list(range(10))
            assert len({item["model_version"] for item in items}) == 1
    finally:
        stop.set()
        promoter.join()
