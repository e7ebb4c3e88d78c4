"""Flagged cut-outs: the order, its pages and filters, the actions, and other people's words."""

import html
import re
from urllib.parse import urlencode

import pytest
from markupsafe import escape

from hemline.labelstudio.project.config import render_label_config
from hemline.store.loop.projects import known_project
from hemline.store.loop.tasks import get_task, set_task_problem
from hemline.store.people import list_events
from hemline.store.review.review_order import ReviewFilter, get_item, item_of_task, review_page
from hemline.store.states import ReviewKind, ReviewState, Role, Verdict
from hemline.store.tables.loop import Task
from hemline.store.tables.review import ReviewItem
from tests.backend.dashboard.visitor import Visitor

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def visitor(filled):
    return Visitor(filled)


def tasks_on(page):
    return [
        int(number) for number in re.findall(r'class="shot" href="/dashboard/1/image/(\d+)', page)
    ]


def found_on(page: str, pattern: str) -> str:
    """What the pattern's group holds where it is first met; it has to be."""
    found = re.search(pattern, page, re.DOTALL)
    assert found is not None, pattern
    return found[1]


def first_item(backend, kind=ReviewKind.LABEL) -> ReviewItem:
    with backend.store.reading() as session:
        project = known_project(session, 1)
        return review_page(session, project.id, kind, limit=1).items[0]


def as_stored(backend, item) -> ReviewItem:
    with backend.store.reading() as session:
        found = get_item(session, item.id)
    assert found is not None
    return found


def press(visitor, item, action, revision=None, **more):
    number = item.revision if revision is None else revision
    return visitor.post("/dashboard/1/flagged", do=f"{item.id} {number} {action}", **more)


def test_planted_faults_stand_first_with_their_reasons(filled, visitor):
    page = visitor.see("/dashboard/1/flagged")
    with filled.store.reading() as session:
        project = known_project(session, 1)
        expected = review_page(session, project.id, ReviewKind.LABEL, limit=60).items
    assert tasks_on(page) == [item.task.ls_task_id for item in expected]
    faulty = [item for item in expected if item.priority > 0.8]
    assert len(faulty) == 10
    assert page.count("Bad ground truth</strong>") == sum(i.bad_ground_truth for i in faulty)
    assert "0.40; label risk higher than 97% of the project" in page


def test_pages_lead_on_and_back(visitor):
    first = visitor.see("/dashboard/1/flagged?state=all")
    assert 'rel="prev"' not in first
    following = found_on(first, r'rel="next" href="([^"]+)"')
    second = visitor.see(html.unescape(following))
    assert len(tasks_on(first)) == 60
    assert len(tasks_on(second)) == 15
    assert not set(tasks_on(first)) & set(tasks_on(second))
    assert 'rel="next"' not in second
    back = found_on(second, r'rel="prev" href="([^"]+)"')
    assert tasks_on(visitor.see(html.unescape(back))) == tasks_on(first)


def test_every_filter_narrows(filled, visitor):
    everything = set(
        tasks_on(visitor.see("/dashboard/1/flagged?state=all&reason=bad_ground_truth"))
    )
    assert everything
    for query in (
        "view=Back",
        "type=dress",
        "session=day+1",
        "version=3",
        "garment=g00001",
        "annotator=ada@studio.example",
        "reason=limited_data",
        "state=closed",
        "verdict=label_wrong",
        "order=photos",
    ):
        found = visitor.see(f"/dashboard/1/flagged?{query}")
        with filled.store.reading() as session:
            tasks = [get_task(session, 1, number) for number in tasks_on(found)]
        rows = [task for task in tasks if task is not None]
        assert rows, query
        assert len(rows) == len(tasks)
        if query.startswith("view"):
            assert {task.view for task in rows} == {"Back"}
        if query.startswith("garment"):
            assert {task.garment for task in rows} == {"g00001"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("label=%00", "Unknown label"),
        ("view=%00&annotator=%00", "No matching images"),
        ("reason=ugly", "Unknown reason &#39;ugly&#39;"),
        ("version=hemline-9", "Unknown version"),
        ("after=%3Cscript%3E", "is not a page"),
        ("after=0.5", "is not a page"),
        ("order=random&state=lost", "Unknown order"),
        ("view=Nowhere", "No matching images"),
        ("after=0.0_1", "past the end"),
        ("before=1.0_999999", "past the end"),
    ],
)
def test_nonsense_is_a_sentence(visitor, query, told):
    assert told in visitor.see(f"/dashboard/1/flagged?{query}")


ODD = ['sleeve "left"', "it's", " two  spaces ", "<b>bold</b>", "a&b=c#d%41+e", "裙", "a\\"]


def test_labels_and_names_of_odd_characters_are_filtered_by(filled, visitor):
    """What an option of the form sends back finds exactly the rows that have it."""
    with filled.store.session() as session:
        known_project(session, 1).label_config = render_label_config(["garment", *ODD])
        items = review_page(
            session, 1, ReviewKind.LABEL, limit=len(ODD), only=ReviewFilter(state=None)
        ).items
        for item, odd in zip(items, ODD, strict=True):
            assert item.prediction is not None
            assert item.annotation is not None
            item.prediction.region_scores = {odd: 0.5}
            item.task.view = item.task.photo_session = item.task.garment_type = odd
            item.annotation.annotator = odd
        tasks = [item.task.ls_task_id for item in items]
    form = visitor.see("/dashboard/1/flagged?state=all")
    for name in ("label", "view", "session", "type", "annotator"):
        choice = found_on(form, f'name="{name}">(.*?)</select>')
        offered = [html.unescape(value) for value in re.findall('value="([^"]*)"', choice)]
        for task, odd in zip(tasks, ODD, strict=True):
            assert odd in offered
            page = visitor.see(f"/dashboard/1/flagged?{urlencode({name: odd, 'state': 'all'})}")
            assert tasks_on(page) == [task], (name, odd)
            assert f'<option value="{escape(odd)}" selected>' in page
            assert "<b>bold" not in page


def test_an_empty_project_says_what_will_come(make_backend):
    backend = make_backend()
    backend.connect()
    visitor = Visitor(backend)
    assert "No label is flagged" in visitor.see("/dashboard/1/flagged")
    assert "No photos to label" in visitor.see("/dashboard/1/flagged?order=photos")


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        ("fine", Verdict.BOTH_FINE),
        ("review", Verdict.LABEL_WRONG),
        ("reshoot", Verdict.PHOTO_FAULT),
    ],
)
def test_a_button_gives_a_verdict_and_is_written_down(filled, visitor, action, verdict):
    item = first_item(filled)
    answer = press(visitor, item, action)
    assert answer.status_code == 303
    page = visitor.see(answer.headers["Location"])
    assert f"Task {item.task.ls_task_id} " in page
    assert item.task.ls_task_id not in tasks_on(page)
    changed = as_stored(filled, item)
    with filled.store.reading() as session:
        (event,) = [e for e in list_events(session, item.project_id, limit=9) if e.details]
    assert (changed.state, changed.verdict, changed.verdict_by) == (
        ReviewState.CLOSED,
        verdict,
        "ada",
    )
    assert (event.person, event.target) == ("ada", f"task {item.task.ls_task_id}")
    assert event.details == {"order": "label", "verdict": verdict.value}


def test_of_a_photo_review_says_that_the_model_is_wrong(filled, visitor):
    item = first_item(filled, ReviewKind.PHOTO)
    press(visitor, item, "review")
    assert as_stored(filled, item).verdict is Verdict.MODEL_WRONG


def test_a_verdict_can_be_taken_back(filled, visitor):
    item = first_item(filled)
    press(visitor, item, "fine")
    assert "Undo" in visitor.see("/dashboard/1/flagged?state=closed")
    press(visitor, item, "back", revision=item.revision + 1)
    assert as_stored(filled, item).state is ReviewState.OPEN


def test_the_second_of_two_people_is_told_kindly(filled, visitor):
    item = first_item(filled)
    press(visitor, item, "fine")
    other = Visitor(filled, name="bea", role=Role.REVIEWER)
    answer = press(other, item, "review")
    assert "has already been judged: fine, by ada, just now" in other.see(
        answer.headers["Location"]
    )
    script = other.client.post(
        "/dashboard/1/flagged",
        headers={"Accept": "application/json"},
        data={"csrf_token": other.token(), "do": f"{item.id} {item.revision} review"},
    )
    assert script.status_code == 200
    assert script.json["done"] is False
    assert "by ada" in script.json["sentence"]
    assert as_stored(filled, item).verdict is Verdict.BOTH_FINE


def test_viewers_look_and_do_not_judge(filled):
    viewer = Visitor(filled, name="vic", role=Role.VIEWER)
    assert "Mark fine" not in viewer.see("/dashboard/1/flagged")
    assert press(viewer, first_item(filled), "fine").status_code == 403
    assert first_item(filled).state is ReviewState.OPEN


def test_a_form_from_elsewhere_changes_nothing(filled, visitor):
    item = first_item(filled)
    answer = visitor.client.post("/dashboard/1/flagged", data={"do": f"{item.id} 0 fine"})
    assert answer.status_code == 400
    assert press(visitor, item, "explode").status_code == 400
    assert visitor.post("/dashboard/1/flagged", do="1").status_code == 400
    assert visitor.post("/dashboard/1/flagged", do="99999999 0 fine").status_code == 404
    assert visitor.post("/dashboard/1/flagged", do=f"{2**70} 0 fine").status_code == 400
    assert first_item(filled).id == item.id


def test_an_item_of_another_project_is_not_judged_here(filled, visitor):
    item = first_item(filled)
    filled.connect(key="2.1795225515")
    answer = visitor.post("/dashboard/2/flagged", do=f"{item.id} {item.revision} fine")
    assert answer.status_code == 404
    assert first_item(filled).id == item.id


def test_label_studios_words_are_never_markup(filled, visitor):
    task_id = first_item(filled).task_id
    with filled.store.session() as session:
        task = session.get(Task, task_id)
        task.garment = task.view = task.garment_type = task.photo_session = HOSTILE
        set_task_problem(session, task.id, HOSTILE)
        item = item_of_task(session, task.id, ReviewKind.LABEL)
        assert item is not None
        assert item.annotation is not None
        item.annotation.annotator = HOSTILE
        item.reasons = {"bad_ground_truth": {"sentence": HOSTILE, "percentile": 99.96}}
        number = task.ls_task_id
    for path in ("/dashboard/1/flagged", f"/dashboard/1/image/{number}"):
        page = visitor.see(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
