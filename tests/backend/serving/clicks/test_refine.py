"""Clicks on open tasks, as Label Studio sends them, through /predict."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from backend.serving.clicks import memory
from hemline.errors import ImageError
from hemline.labelstudio.project.config import render_label_config
from hemline.masks.codecs.brush import decode_brush, encode_brush
from hemline.masks.codecs.probability_map import LEVELS
from hemline.masks.codecs.region import pixels_digest
from hemline.store.loop.tasks import list_task_problems
from hemline.store.tables.clicks import AnsweredClick
from tests.backend.conftest import GARMENT, KEY, Backend, task

H, W = 64, 48  # of the fake photos
URL = "/data/upload/1/dress1.png"
PREFILL = np.zeros((H, W), bool)
PREFILL[16:48, 12:36] = True  # as FakeNetwork masks it


def region(mask: Any = PREFILL, key: str = "r1", label: str = "garment", **more: Any) -> Any:
    value = {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]}
    return {
        "id": key,
        "from_name": "mask",
        "to_name": "image",
        "type": "brushlabels",
        "original_width": W,
        "original_height": H,
        "image_rotation": 0,
        "score": 0.8,
        "value": value,
    } | more


def click(x: int, y: int, key: str = "", *, add: bool = True, **more: Any) -> dict[str, Any]:
    """A click on a pixel."""
    return {
        "original_width": W,
        "original_height": H,
        "image_rotation": 0,
        "value": {"x": (x + 0.5) * 100 / W, "y": (y + 0.5) * 100 / H, "width": 0.3},
        "is_positive": add,
        "id": key or f"c{x}-{y}",
        "from_name": "click",
        "to_name": "image",
        "type": "keypoint",
        "origin": "manual",
    } | more


def box(left: int, top: int, right: int, bottom: int) -> dict[str, Any]:
    value = {
        "x": left * 100 / W,
        "y": top * 100 / H,
        "width": (right - left) * 100 / W,
        "height": (bottom - top) * 100 / H,
        "rotation": 0,
    }
    made = click(0, 0, "box", type="rectangle", from_name="box", value=value)
    del made["is_positive"]
    return made


def predicted(*regions: Any) -> dict[str, Any]:
    return {"predictions": [{"id": 1, "model_version": "v1", "result": list(regions)}]}


def draft(*regions: Any, after_s: float = 0.0, user: str = "ann@example.com") -> dict[str, Any]:
    """A draft that was saved so many seconds from now."""
    moment = datetime.now(UTC) + timedelta(seconds=after_s)
    saved = moment.isoformat().replace("+00:00", "Z")
    return {"drafts": [{"updated_at": saved, "user": user, "result": list(regions)}]}


def ask(backend: Backend, *context: Any, number: int = 1, config: str = GARMENT, **of_task: Any):
    """The regions that a context is answered with."""
    body = {
        "tasks": [task(number, URL, **of_task)],
        "project": KEY,
        "label_config": config,
        "params": {"context": {"result": list(context)}},
    }
    answer = backend.client.post("/predict", json=body)
    assert answer.status_code == 200
    assert answer.json is not None
    (result,) = answer.json["results"]
    return result["result"]


def mask_of(regions: list[Any]) -> Any:
    (found,) = regions
    return decode_brush(found["value"]["rle"], H, W) > 127


def problems(backend: Backend) -> list[str]:
    backend.finish_background()
    with backend.store.reading() as session:
        return [mark.problem for mark in list_task_problems(session)]


@pytest.fixture
def connected(backend):
    backend.connect()
    return backend


def test_the_answer_has_the_shape_that_the_page_writes_over_the_region(connected):
    before = predicted(region())
    body = {
        "tasks": [task(1, URL, **before)],
        "project": KEY,
        "label_config": GARMENT,
        "params": {"login": None, "password": None, "context": {"result": [click(40, 8)]}},
    }
    answer = connected.client.post("/predict", json=body).json
    (result,) = answer["results"]
    (made,) = result["result"]
    rle = made["value"].pop("rle")
    assert made == {
        "id": "r1",
        "from_name": "mask",
        "to_name": "image",
        "type": "brushlabels",
        "original_width": W,
        "original_height": H,
        "image_rotation": 0,
        "origin": "prediction-changed",
        "score": 0.8,
        "value": {"format": "rle", "brushlabels": ["garment"]},
    }
    assert (result["score"], result["model_version"]) == (0.8, "clicks-fake")
    after = decode_brush(rle, H, W)
    assert set(np.unique(after)) == {0, 255}
    assert after[8, 40] == 255
    changed = (after > 127) != PREFILL
    y, x = np.nonzero(changed)
    assert np.hypot(x - 40, y - 8).max() < 7


def test_a_click_with_alt_takes_away_and_a_box_adds(connected):
    assert not mask_of(ask(connected, click(20, 30, add=False), **predicted(region())))[30, 20]
    after = mask_of(ask(connected, box(2, 50, 20, 60), number=2, **predicted(region())))
    assert after[51:59, 3:19].all()
    shown = connected.prefiller.refiner.seen[-1][2]
    assert (shown.left, shown.top) == pytest.approx((2 / W, 50 / H))
    assert (shown.right, shown.bottom) == pytest.approx((20 / W, 60 / H))


def test_quick_clicks_all_count_though_the_page_shows_none_of_them(connected):
    places = [(40, 8), (5, 30), (40, 58)]
    before = predicted(region())
    for x, y in places:
        after = mask_of(ask(connected, click(x, y), **before))
    assert all(after[y, x] for x, y in places)
    assert after[30, 20]
    assert len(connected.photos.fetched) == 1


def test_clicks_that_come_while_others_are_answered_all_count(connected):
    refiner = connected.prefiller.refiner
    refiner.gate.clear()
    before = predicted(region())
    first, second = click(40, 8, "a"), click(5, 30, "b")
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(ask, connected, first, **before)
        deadline = time.monotonic() + 10
        while not connected.photos.fetched and time.monotonic() < deadline:
            time.sleep(0.01)
        two = pool.submit(ask, connected, first, second, **before)
        time.sleep(0.1)
        refiner.gate.set()
        answers = [mask_of(one.result()), mask_of(two.result())]
    whole = max(answers, key=lambda mask: mask.sum())
    assert whole[8, 40]
    assert whole[30, 5]
    # Each click was followed once, whichever request was the first.
    assert len(refiner.seen) == 2


def test_a_newer_draft_is_believed(connected):
    """What was undone or painted since the answer is in the draft."""
    ask(connected, click(40, 8), **predicted(region()))
    undone = mask_of(ask(connected, click(5, 30), **draft(region(), after_s=2)))
    assert undone[30, 5]
    assert not undone[8, 40]
    # The undone click is not shown to the network either.
    assert len(connected.prefiller.refiner.seen[-1][1]) == 1


def test_a_draft_from_before_the_answer_is_not(connected):
    ask(connected, click(40, 8), **draft(region(), after_s=-3))
    after = mask_of(ask(connected, click(5, 30), **draft(region(), after_s=-3)))
    assert after[8, 40]
    assert after[30, 5]


def test_what_was_answered_long_ago_is_not_believed(connected, monkeypatch):
    monkeypatch.setattr(memory, "BELIEVED_S", 0.0)
    ask(connected, click(40, 8), **predicted(region()))
    after = mask_of(ask(connected, click(5, 30), **predicted(region())))
    assert not after[8, 40]


def test_clicks_of_another_user_are_not_mine(connected):
    ask(connected, click(40, 8), **draft(region(), after_s=-3, user="ann@example.com"))
    after = mask_of(ask(connected, click(5, 30), **draft(region(), after_s=-3, user="bob@b.org")))
    assert not after[8, 40]


def test_the_first_clicks_come_before_the_first_draft_says_whose_they_are(connected):
    ask(connected, click(40, 8), **predicted(region()))
    after = mask_of(ask(connected, click(5, 30), **draft(region(), after_s=-1)))
    assert after[8, 40]


def test_strokes_of_a_draft_are_drawn_before_the_click(connected):
    stroke = {"type": "add", "relativePoints": [10, 10], "relativeStrokeWidth": 10}
    painted = region()
    painted["value"]["touches"] = [stroke]
    after = mask_of(ask(connected, click(40, 58), **draft(painted)))
    assert after[6, 4]
    assert after[58, 40]


def test_a_region_drawn_by_hand_is_refined_in_its_place(connected):
    by_hand = region(key="hand")
    del by_hand["score"]
    stroke = {"relativePoints": [50, 50], "relativeStrokeWidth": 30}
    by_hand["value"] = {"format": "rle", "brushlabels": ["garment"], "touches": [stroke]}
    (made,) = ask(connected, click(40, 58), **draft(by_hand))
    assert (made["id"], made["score"]) == ("hand", 1.0)
    assert mask_of([made])[32, 24]


def test_where_there_is_no_region_a_click_begins_one(connected):
    (first,) = ask(connected, click(20, 20))
    (second,) = ask(connected, click(40, 50))
    assert first["id"] == second["id"]
    assert mask_of([second])[20, 20]
    assert mask_of([second])[50, 40]
    (other,) = ask(connected, click(20, 20), number=2)
    assert other["id"] != first["id"]


def test_the_network_is_given_the_stored_probabilities(connected):
    connected.predict(1, url=URL)
    ask(connected, click(40, 8), **predicted(region()))
    assert connected.prefiller.refiner.seen[-1][0] == pytest.approx(
        round(0.9 * LEVELS) / LEVELS, abs=0.01
    )
    ask(connected, click(40, 8), number=2, **predicted(region()))
    assert connected.prefiller.refiner.seen[-1][0] is None
    assert connected.network().calls == 1


def test_the_clicked_label_says_which_region(backend):
    config = render_label_config(["top", "skirt"])
    backend.connect(config)
    top, skirt = np.zeros((H, W), bool), np.zeros((H, W), bool)
    top[5:20, 10:30], skirt[30:60, 10:30] = True, True
    regions = predicted(region(top, "t", "top"), region(skirt, "s", "skirt"))
    labelled = {"x": 80.0, "y": 20.0, "width": 0.3, "keypointlabels": ["skirt"]}
    (made,) = ask(
        backend, click(0, 0, value=labelled, type="keypointlabels"), config=config, **regions
    )
    assert (made["id"], made["value"]["brushlabels"]) == ("s", ["skirt"])
    (made,) = ask(backend, click(12, 8, add=False), config=config, **regions)
    assert made["id"] == "t"  # without a label: the region that it lies in


def test_of_two_regions_of_a_label_the_one_under_the_click_changes(connected):
    left, right = np.zeros((H, W), bool), np.zeros((H, W), bool)
    left[:, :10], right[:, 30:] = True, True
    regions = predicted(region(left, "left"), region(right, "right"))
    assert ask(connected, click(3, 30, add=False), **regions)[0]["id"] == "left"
    assert ask(connected, click(27, 30), **regions)[0]["id"] == "right"


@pytest.mark.parametrize("context", [{}, {"result": []}, {"event": "capabilities"}, [], "x", 0])
def test_an_empty_context_is_answered_with_nothing_and_no_problem(connected, context):
    body = {
        "tasks": [task(1, URL)],
        "project": KEY,
        "label_config": GARMENT,
        "params": {"context": context},
    }
    answer = connected.client.post("/predict", json=body)
    assert (answer.status_code, answer.json) == (200, {"results": [{"result": []}]})
    assert problems(connected) == []
    assert connected.network().calls == 0


def test_whatever_goes_wrong_is_answered_with_nothing_and_said_on_the_task(connected):
    refiner = connected.prefiller.refiner
    cases: list[tuple[dict[str, Any], str]] = [
        (click(-1, 5), "off the photo"),
        (click(5, 5, original_width=99), "99 x 64 px, but this task's has 48 x 64"),
        (click(5, 5, value={"x": 1, "y": 1, "labels": ["hat"]}), "'hat'"),
        (click(5, 5, image_rotation=90), "rotated"),
    ]
    for made, words in cases:
        assert ask(connected, made, **predicted(region())) == []
        (problem,) = problems(connected)
        assert "a click did nothing: " in problem
        assert words in problem
    assert ask(connected, click(5, 5), **predicted(region(original_width=W + 1))) == []
    assert "region 'r1'" in problems(connected)[0]
    refiner.error = RuntimeError("out of cheese")
    assert ask(connected, click(5, 5), **predicted(region())) == []
    assert "see its log" in problems(connected)[0]
    refiner.error = None
    assert ask(connected, click(5, 5), **predicted(region())) != []
    assert problems(connected) == []  # the next click that works clears it


def test_polygons_do_not_follow_clicks(backend):
    config = render_label_config(["garment"], "polygon")
    backend.connect(config)
    assert ask(backend, click(40, 8), config=config) == []
    assert "clicks change the masks of a brush" in problems(backend)[0]


def test_a_photo_that_is_gone(connected):
    connected.photos.errors[URL] = ImageError("photo 'dress1.png' is gone")
    assert ask(connected, click(5, 5), **predicted(region())) == []
    assert problems(connected) == ["a click did nothing: photo 'dress1.png' is gone"]


def test_a_network_that_cannot_be_opened_is_said_and_not_opened_for_each_click(connected):
    connected.prefiller.refiner_problem = "the click network is damaged; install Hemline again"
    for _ in range(3):
        assert ask(connected, click(5, 5), **predicted(region())) == []
    assert "install Hemline again" in problems(connected)[0]
    assert connected.prefiller.opened_refiners == 1


@pytest.mark.parametrize(
    "body",
    [
        {"params": {"context": {"result": [click(1, 1)]}}},
        {"tasks": [], "params": {"context": {"result": [click(1, 1)]}}},
        {"tasks": "x", "project": KEY, "params": {"context": {"result": [click(1, 1)]}}},
        {"tasks": [{"id": None}], "project": KEY, "params": {"context": {"result": [click(1, 1)]}}},
        {"tasks": [task(1, URL)], "project": "77", "params": {"context": {"result": []}}},
        {"tasks": [task(1, URL)], "project": "x", "params": {"context": {"result": []}}},
    ],
)
def test_odd_requests_are_answered_with_nothing(connected, body):
    answer = connected.client.post("/predict", json=body)
    assert (answer.status_code, answer.json) == (200, {"results": [{"result": []}]})


def test_the_drafts_of_a_large_body_are_read(connected):
    """Bodies over 256 KiB are read piece by piece, and used to lose their drafts."""
    noise = np.random.default_rng(0).random((H, W)) > 0.5
    painted = region(key="d")
    painted["value"]["touches"] = [{"relativePoints": [10, 10], "relativeStrokeWidth": 10}]
    many = predicted(*(region(noise, f"n{k}") for k in range(100)))
    after = mask_of(ask(connected, click(40, 58), **draft(painted), **many))
    assert after[6, 4]


def test_what_was_answered_is_counted_for_task_and_user(connected):
    ask(connected, click(40, 8), **predicted(region()))
    saved = draft(region(), after_s=-1)
    saved["drafts"][0]["created_username"] = "Ann Lee ann@example.com, 7"
    (last,) = ask(connected, click(5, 30), box(2, 50, 20, 60), **saved)
    ask(connected, click(-5, 30), **saved)  # off the photo
    connected.finish_background()
    with connected.store.reading() as session:
        rows = session.scalars(select(AnsweredClick).order_by(AnsweredClick.id)).all()
    assert [(row.is_box, row.annotator) for row in rows] == [(False, ""), (False, "7"), (True, "7")]
    assert rows[-1].pixels_digest == pixels_digest(mask_of([last]))
