"""Labels that are sent back: shown to their annotator until they have been saved again."""

from collections.abc import Callable

import pytest

from hemline.labelstudio.project.review_fields import add_review_fields
from hemline.store.loop.tasks import get_task
from hemline.store.review.returned import count_returns, send_back, take_back
from hemline.store.review.review_order import item_of_task
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Project
from hemline.store.tables.review import ReviewItem
from tests.worker.conftest import CONFIG, brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest import reconcile
from worker.ingest.reconcile import reconcile_all
from worker.review.show_reviews import show_reviews
from worker.second_looks.show_returns import show_returns
from worker.services import Services

TAB = "To correct: ann@x.org"


@pytest.fixture
def labelled(services: Services, fake: FakeLabelStudio, project: Project) -> Services:
    """Two tasks with labels of two people, both in the order."""
    fake.annotate(1, brush(disc(5)[1]))
    fake.annotate(2, brush(disc(1)[1]), completed_by=2)
    fake.tasks[1]["data"]["note"] = "theirs"
    reconcile_all(services)
    for number in (1, 2):
        rank(services, number)
    return services


def rank(services: Services, number: int) -> None:
    """As a ranking would: the item is about the label that the task has now."""
    with services.store.session() as session:
        task = get_task(session, 1, number)
        assert task is not None
        (label,) = task.annotations
        digest = label.mask_digest or ""
        write_item(
            session,
            RankedItem(1, task.id, ReviewKind.LABEL, 0.5, digest, annotation_id=label.id),
        )


def item_of(services: Services, number: int) -> ReviewItem:
    with services.store.reading() as session:
        task = get_task(session, 1, number)
        item = item_of_task(session, task.id, ReviewKind.LABEL) if task else None
    assert item is not None
    return item


def return_label(services: Services, number: int, comment: str = "") -> None:
    item = item_of(services, number)
    with services.store.session() as session:
        send_back(session, item.id, by="rae", comment=comment, revision=item.revision)


def counts(services: Services) -> dict[str, tuple[int, int, int]]:
    with services.store.reading() as session:
        found = count_returns(session, 1)
    return {name: (own.waiting, own.corrected, own.unchanged) for name, own in found.items()}


def test_a_tab_shows_what_waits_for_its_annotator_until_it_is_saved_again(
    labelled: Services, fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    return_label(labelled, 1, "the  hem is cut off")
    return_label(labelled, 2)
    show_returns(labelled)
    assert (fake.tab(TAB), fake.tab("To correct: ben@x.org")) == ([1], [2])
    data = fake.tasks[1]["data"]
    assert (data["review_comment"], data["note"]) == ("the hem is cut off", "theirs")
    assert fake.tasks[2]["data"]["review_comment"] == "found wrong by rae"
    assert counts(labelled) == {"1": (1, 0, 0), "2": (1, 0, 0)}
    tabs = len(fake.views)

    fake.update(101, result=brush(disc(0)[1]))
    reconcile_all(labelled)
    show_returns(labelled)
    assert (fake.tab(TAB), fake.tab("To correct: ben@x.org")) == ([], [2])
    assert set(fake.tasks[1]["data"]) == {"image", "note"}
    assert counts(labelled) == {"1": (0, 1, 0), "2": (1, 0, 0)}

    rank(labelled, 1)  # it can be sent back again, to the same tab
    return_label(labelled, 1, "still")
    show_returns(labelled)
    assert fake.tab(TAB) == [1]
    assert len(fake.views) == tabs
    assert counts(labelled)["1"] == (1, 1, 0)


@pytest.mark.parametrize(("saved_by", "waits"), [(2, 0), (1, 1)])
def test_the_same_mask_again_is_an_answer_only_from_its_annotator(
    labelled: Services,
    fake: FakeLabelStudio,
    monkeypatch: pytest.MonkeyPatch,
    saved_by: int,
    waits: int,
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    return_label(labelled, 2)
    fake.update(102, lead_time=20.0, updated_by=saved_by)
    reconcile_all(labelled)
    assert counts(labelled) == {"2": (waits, 0, 1 - waits)}


def test_nobody_waits_for_a_label_that_is_gone_or_right_after_all(
    labelled: Services, fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    return_label(labelled, 1)
    return_label(labelled, 2)
    show_returns(labelled)
    with labelled.store.session() as session:
        take_back(session, item_of(labelled, 2).id)
    fake.delete(101)
    reconcile_all(labelled)
    show_returns(labelled)
    assert counts(labelled) == {}
    assert (fake.tab(TAB), fake.tab("To correct: ben@x.org")) == ([], [])


def test_a_label_studio_that_is_away_is_waited_for(
    labelled: Services, fake: FakeLabelStudio
) -> None:
    return_label(labelled, 1)
    fake.stop()
    show_returns(labelled)
    fake.start()
    show_returns(labelled)
    assert fake.tab(TAB) == [1]


def test_the_header_says_what_the_reviewer_wrote(
    services: Services, labelled: Services, fake: FakeLabelStudio
) -> None:
    fake.project["label_config"] = add_review_fields(CONFIG)
    reconcile_all(services)
    return_label(labelled, 1, "the hem is cut off.")
    show_reviews(services)
    show_returns(services)
    data = fake.tasks[1]["data"]
    assert data["review_reason"].startswith("Label found wrong by rae: the hem is cut off. Label")
    assert fake.tab(TAB) == [1]
    show_reviews(services)
    assert fake.tab(TAB) == [1]


def test_the_command_says_where_it_goes(
    labelled: Services, fake: FakeLabelStudio, run: Callable[..., str]
) -> None:
    said = run("send-back", "7", "1", "--comment", "hem")
    assert said == 'Task 1 goes to the tab "To correct: ann@x.org" in Label Studio.\nexit 0'
    assert fake.tab(TAB) == [1]
    counted = '"sent_back": {"1": {"waiting": 1, "corrected": 0, "unchanged": 0}}'
    assert counted in run("statistics", "7", "--json")
    with pytest.raises(Exception, match="the label of task 1 waits for 1 already"):
        run("send-back", "7", "1")
    run("send-back", "7", "1", "--undo")
    assert fake.tab(TAB) == []
