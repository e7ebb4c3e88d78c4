"""No page of the dashboard shows a secret that came with a task, an annotation or a project."""

import pytest
from sqlalchemy import select, update

from backend.dashboard.pictures.picture import PictureKind
from hemline.garments.naming import garment_and_view_of_task
from hemline.redaction import keep_secret, redact
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.tasks import set_task_problem
from hemline.store.states import JobKind, JobState, RunState
from hemline.store.tables.loop import Annotation, Job, Project, Task, TrainingRun
from tests.backend.dashboard.visitor import Visitor

CANARY = "c4nary-of-a-row-7"
KEY = "c4nary-of-a-setting"
ADDRESS = f"http://user:{CANARY}@127.0.0.1:9/x.jpg?X-Amz-Signature={CANARY}"
WORDS = f"cannot open {ADDRESS} with {KEY} and password: {CANARY}"


@pytest.fixture
def visitor(filled):
    """An admin of a project in which every row that somebody else writes has canaries."""
    keep_secret([KEY])
    with filled.store.session() as session:
        session.execute(update(Project).values(problem=WORDS))
        data = {"image": ADDRESS, "title": ADDRESS, "password": CANARY, "note": KEY}
        garment, view = garment_and_view_of_task({}, ADDRESS)
        session.execute(
            update(Task).values(image_url=ADDRESS, data=data, garment=garment, view=view)
        )
        session.execute(update(Annotation).values(problem=WORDS))
        for task_id in session.scalars(select(Task.id).limit(20)).all():
            set_task_problem(session, task_id, WORDS)
        session.execute(update(TrainingRun).values(state=RunState.FAILED, problem=WORDS))
        for kind in (JobKind.RANK, JobKind.EXPORT):
            queue_job(session, 1, kind, {})
        session.execute(update(Job).values(state=JobState.FAILED, problem=WORDS))
    return Visitor(filled)


def addresses(backend):
    """Of every page that can be read, with arguments that lead somewhere."""
    with backend.store.reading() as session:
        task = session.scalars(
            select(Task.ls_task_id).join(Annotation, Annotation.task_id == Task.id)
        ).first()
    values = {"project": 1, "task": task, "number": 2, "key": "0" * 64}
    adapter = backend.app.url_map.bind("localhost")
    for rule in backend.app.url_map.iter_rules():
        is_page = rule.rule.startswith("/dashboard") and "GET" in (rule.methods or ())
        if not is_page or rule.arguments & {"path", "filename"}:
            continue
        for kind in PictureKind if "kind" in rule.arguments else [""]:
            chosen = {**values, "kind": kind}
            yield adapter.build(rule.endpoint, {name: chosen[name] for name in rule.arguments})


def test_no_page_shows_a_secret_of_a_row(filled, visitor, capsys):
    seen = {}
    for address in sorted(set(addresses(filled))):
        answer = visitor.client.get(address, follow_redirects=True, buffered=True)
        assert answer.status_code in (200, 404), address
        seen[address] = answer.text
    assert {"/dashboard", "/dashboard/1", "/dashboard/1/models/2"} <= set(seen)
    assert len(seen) > 20
    assert "***" in seen["/dashboard/1"]  # the sentence is there, without what is secret
    shown = [address for address, page in seen.items() if "c4nary" in page]
    assert shown == []
    # The log's lines as its formatter writes them.
    captured = capsys.readouterr()
    log = "\n".join(map(redact, (captured.out + captured.err).splitlines()))
    assert "/dashboard/1" in log
    assert "c4nary" not in log
