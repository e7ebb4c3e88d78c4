"""/predict for tasks that open without their pre-fill on purpose."""

from hemline.prefill.left_blank import is_drawn, set_blank_share
from hemline.store.loop.jobs import list_jobs
from hemline.store.loop.projects import known_project
from hemline.store.loop.tasks import get_task, list_task_problems


def test_a_task_that_is_left_blank_opens_without_its_mask(backend):
    backend.connect()
    drawn = next(number for number in range(1, 200) if is_drawn(1, number, 0.05))
    with backend.store.session() as session:
        set_blank_share(session, known_project(session, 1), 0.05)
    (item,) = backend.predict(drawn)
    assert "result" not in item
    assert "left blank on purpose" in item["problem"]
    assert backend.metric("hemline_task_answers_total", source="blank") == 1
    with backend.store.reading() as session:
        task = get_task(session, known_project(session, 1).id, drawn)
        assert task is not None
        assert list_task_problems(session, task.id) == []
        assert list_jobs(session) == []  # it is not left to the worker
