"""One image: its layers, its history, its neighbours; and its pictures."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy.orm import Session

from hemline.masks.codecs.png import encode_class_mask
from hemline.masks.codecs.probability_map import encode_probability_map
from hemline.store.loop.projects import known_project
from hemline.store.review.review_order import item_of_task, review_page
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Task
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem
from tests.backend.dashboard.visitor import Visitor


@pytest.fixture
def visitor(filled):
    return Visitor(filled)


def pictures_on(page):
    found = re.findall(r'src="(/dashboard/1/picture/[^"]+)"', page)
    return [address.replace("&amp;", "&") for address in found]


def first_tasks(backend, number=3):
    with backend.store.reading() as session:
        project = known_project(session, 1)
        page = review_page(session, project.id, ReviewKind.LABEL, limit=number)
    return [item.task.ls_task_id for item in page.items]


def label_item(session: Session, task: Task) -> ReviewItem:
    item = item_of_task(session, task.id, ReviewKind.LABEL)
    assert item is not None
    return item


def give_evidence(backend, ls_task_id):
    """What the worker computes of a label: a probability map and regions."""
    artifacts = backend.prefiller._artifacts
    ramp = np.linspace(0, 1, 24 * 16, dtype=np.float32).reshape(1, 24, 16)
    digest = artifacts.put(encode_probability_map(ramp), "map")
    with backend.store.session() as session:
        project = known_project(session, 1)
        task = session.query(Task).filter_by(project_id=project.id, ls_task_id=ls_task_id).one()
        item = label_item(session, task)
        session.get(PredictionSignals, item.prediction_id).map_digest = digest
        signals = session.get(LabelSignals, item.annotation_id)
        signals.regions = {
            "wrong": {"kind": "polygon", "points": [[1, 1], [9, 1], [9, 20.5]]},
            "pale": {"kind": "line", "points": [[3, 3], [30, 3]]},
            "whole": {"kind": "polygon", "points": [[0, 0], [40, 0], [40, 40]]},
            "undecided": {"kind": "polygon", "points": [[5, 5], [9, 5], [9, 9]]},
            "thin": {"kind": "polygon", "points": [[1, 1], [2, 1], [2, 8]]},
            "wrong_sentence": "hem",
            "note": None,
            "checks": {"halo": [2, 3, 8, 9], "blur": None, "straight": ["x", 1, 2, 3]},
        }
        item.checks = {
            "halo": {"number": 21.4, "percentile": 98.0, "sentence": "rim of 21 ΔE", "box": None}
        }


def test_a_labelled_image_shows_all_its_layers(filled, visitor):
    task = first_tasks(filled)[0]
    give_evidence(filled, task)
    page = visitor.see(f"/dashboard/1/image/{task}")
    kinds = [address.split("/")[5] for address in pictures_on(page)]
    assert kinds == [
        "photo",
        "prediction",
        "correction",
        "difference",
        "uncertainty",
        "low_contrast",
        "disagreement",
        "complicated",
        "checks",
    ]
    drawn = visitor.client.get(pictures_on(page)[-1]).text
    path = "M2.00 3.00L10.00 3.00L10.00 12.00L2.00 12.00L2.00 3.00"
    assert set(re.findall(r"d=\"([^\"]*)\"", drawn)) == {path}  # what is no box is passed over
    assert "Halo" in page
    assert "rim of 21 ΔE; worse than 98% of the project" in page
    types = set()
    for address in pictures_on(page):
        answer = visitor.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"], answer.text
        types.add(answer.mimetype)
    assert types == {"image/jpeg", "image/svg+xml", "image/png"}
    [cutout] = set(re.findall(r'href="(/dashboard/1/picture/[^"]+/cutout/[^"]+)"', page))
    assert visitor.client.get(cutout.replace("&amp;", "&")).mimetype == "image/webp"


def test_neighbours_are_those_of_the_filter(filled, visitor):
    first, second, third = first_tasks(filled)
    page = visitor.see(f"/dashboard/1/image/{second}")
    assert f'rel="prev" href="/dashboard/1/image/{first}"' in page
    assert f'rel="next" href="/dashboard/1/image/{third}"' in page
    narrow = visitor.see(f"/dashboard/1/image/{second}?view=Back")
    for number in re.findall(r'rel="(?:prev|next)" href="/dashboard/1/image/(\d+)', narrow):
        with filled.store.reading() as session:
            assert session.query(Task).filter_by(ls_task_id=int(number)).one().view == "Back"


def test_history_names_labels_and_predictions_and_shows_them(filled, visitor):
    page = visitor.see("/dashboard/1/image/5")  # of version 1's day, predicted by 3 as well
    links = re.findall(r'href="(/dashboard/1/image/5\?correction=\d+&amp;prediction=\d+)"', page)
    assert len(links) >= 2
    shown = {visitor.see(link.replace("&amp;", "&")).count('aria-current="true"') for link in links}
    assert shown == {3}  # the project in the menu, the label, the prediction


def test_an_image_without_anything_says_so(filled, visitor):
    page = visitor.see("/dashboard/1/image/150?order=labels")
    assert "not in the order yet" in page
    assert "Nobody has labelled this photo yet" in page
    assert "Send to review" in visitor.see("/dashboard/1/image/150?order=photos")
    assert "there is no label with a mask" in page


def test_a_task_that_is_not_there_is_a_sentence(visitor):
    assert "is not in this project" in visitor.see("/dashboard/1/image/99999", 404)
    assert f"Unknown task {2**40}" in visitor.see(f"/dashboard/1/image/{2**40}", 404)


def test_nonsense_in_the_address_shows_the_image_anyway(filled, visitor):
    page = visitor.see("/dashboard/1/image/5?correction=abc&prediction=99999&reason=ugly")
    assert "Unknown reason" in page
    assert visitor.see(f"/dashboard/1/image/5?correction={2**70}")


def test_a_cached_picture_is_not_made_again(filled, visitor):
    address = pictures_on(visitor.see("/dashboard/1/flagged"))[0]
    made = visitor.client.get(address)
    for path in (filled.services.settings.local_files_root / "photos").iterdir():
        path.unlink()
    again = visitor.client.get(address)
    assert again.data == made.data
    same = visitor.client.get(address, headers={"If-None-Match": made.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert "immutable" in same.headers["Cache-Control"]


def test_a_photo_that_is_gone_is_a_drawing_with_a_sentence(filled, visitor):
    for path in (filled.services.settings.local_files_root / "photos").iterdir():
        path.unlink()
    answer = visitor.client.get(pictures_on(visitor.see("/dashboard/1/flagged"))[0])
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<text" in answer.text


def test_masks_that_are_broken_or_of_another_size_are_a_sentence(filled, visitor):
    task = first_tasks(filled)[0]
    artifacts = filled.prefiller._artifacts
    other = artifacts.put(encode_class_mask(np.ones((5, 5), np.uint8)), "mask")
    for digest, told in (
        ("0" * 64, "missing"),
        (other, "was the photo"),
        (artifacts.put(b"no png", "mask"), "not a PNG"),
    ):
        with filled.store.session() as session:
            row = session.query(Task).filter_by(ls_task_id=task).one()
            annotation = label_item(session, row).annotation
            assert annotation is not None
            annotation.mask_digest = digest
        page = visitor.see("/dashboard/1/flagged")
        card = next(a for a in pictures_on(page) if f"/picture/{task}/" in a)
        answer = visitor.client.get(card)
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
        assert told in answer.text.replace("</text>", " ").replace("\n", " "), answer.text


def test_a_picture_that_became_another_is_not_kept_for_long(filled, visitor):
    task = first_tasks(filled)[0]
    page = visitor.see("/dashboard/1/flagged")
    card = next(a for a in pictures_on(page) if f"/picture/{task}/" in a)
    with filled.store.session() as session:
        row = session.query(Task).filter_by(ls_task_id=task).one()
        item = label_item(session, row)
        assert item.annotation is not None
        assert item.prediction is not None
        item.annotation.mask_digest = item.prediction.mask_digest
    answer = visitor.client.get(card)
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"


def test_two_who_ask_at_once_make_one_picture(filled, visitor, monkeypatch):
    from backend.dashboard.pictures.picture import Painter

    calls = []
    draw = Painter.draw

    def slow(painter, spec):
        calls.append(spec.key)
        barrier.wait(0.5) if len(calls) < 2 else None
        return draw(painter, spec)

    barrier = threading.Event()
    monkeypatch.setattr(Painter, "draw", slow)
    address = pictures_on(visitor.see("/dashboard/1/flagged"))[0]
    others = [Visitor(filled, name=f"v{n}") for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda other: other.client.get(address), others))
    assert [answer.mimetype for answer in answers] == ["image/jpeg"] * 2
    assert len(calls) == 1


@pytest.mark.parametrize("path", ["card/xyz", "poster/" + "0" * 64, "card/" + "G" * 64])
def test_addresses_that_are_none_are_refused(visitor, path):
    assert visitor.client.get(f"/dashboard/1/picture/5/{path}").status_code == 404
    missing = visitor.client.get(f"/dashboard/1/picture/99999/card/{'0' * 64}")
    assert "no longer exists" in missing.text


def test_pictures_need_a_log_in(filled, visitor):
    address = pictures_on(visitor.see("/dashboard/1/flagged"))[0]
    answer = filled.app.test_client().get(address)
    assert answer.status_code == 302
    assert "/log-in" in answer.headers["Location"]


def test_a_prediction_says_how_good_it_is_at_least(filled, visitor):
    task = first_tasks(filled)[0]
    page = visitor.see(f"/dashboard/1/image/{task}")
    assert re.search(r"at least 0\.\d\d", page)
    assert "outline within 4 px" in page
    with filled.store.session() as session:
        for signals in session.query(PredictionSignals):
            signals.predicted_dice_low = signals.outline_within_px = None
    page = visitor.see(f"/dashboard/1/image/{task}")
    assert "at least" not in page
    assert "outline within" not in page
