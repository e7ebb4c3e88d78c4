"""Ready to publish: a check is ordered, its results are shown, and what passes is exported."""

from typing import Any

import pytest

from backend.dashboard import ordered_job
from hemline.export.channel_check import ChannelOrder
from hemline.masks.cutouts.edges import Edge
from hemline.settings import get_settings
from hemline.store.database.clock import database_now
from hemline.store.loop.jobs import acquire_job, fail_job, finish_job, list_jobs, progress_job
from hemline.store.people import list_events
from hemline.store.reports.channel_results import NewResult, save_results
from hemline.store.reports.export_masks import ExportFilter, MaskChoice, export_pages
from hemline.store.states import ChannelOutcome, JobKind, Role
from tests.backend.dashboard.visitor import Visitor

PATH = "/dashboard/1/publish"


@pytest.fixture
def visitor(filled: Any) -> Visitor:
    return Visitor(filled)


def checks_of(backend: Any) -> list[Any]:
    with backend.store.reading() as session:
        return list(list_jobs(session, kind=JobKind.CHECK_CHANNELS))


def store_results(
    backend: Any, pack: str = "amazon", says: str = "the picture is 80 x 80 px"
) -> list[NewResult]:
    """Of the corrected tasks one in four is refused for its size, and one could not be checked."""
    chosen = ExportFilter(MaskChoice.CORRECTIONS)
    ((_, items),) = export_pages(backend.store, 1, chosen)
    new = []
    for number, item in enumerate(items):
        refused = number % 4 == 0
        outcome = ChannelOutcome.REFUSED if refused else ChannelOutcome.PASSES
        if number == 1:
            outcome = ChannelOutcome.NOT_CHECKED
        new.append(
            NewResult(
                item.task_id,
                item.row_id,
                True,
                pack,
                "soft",
                "k",
                outcome,
                ("size",) if refused else (),
                (says,) if refused else (),
            )
        )
    with backend.store.session() as session:
        save_results(session, 1, new, database_now(session))
    return new


def test_a_check_is_ordered_once_and_written_down(filled: Any, visitor: Visitor) -> None:
    page = visitor.see(PATH)
    assert "Nothing checked yet" in page
    assert "Amazon" in page
    assert "Zalando" in page
    answer = visitor.client.post(
        PATH, data={"csrf_token": visitor.token(), "pack": ["amazon", "ebay"], "edge": "sheer"}
    )
    assert answer.status_code == 303
    (job,) = checks_of(filled)
    assert filled.sent[-1] == ("worker.check_channels", job.id, "export")
    assert ChannelOrder.read(job.arguments) == ChannelOrder(("amazon", "ebay"), Edge.SHEER)
    with filled.store.reading() as session:
        actions = [event.action for event in list_events(session, 1, limit=5)]
    assert "check_channels" in actions
    assert "waiting for the worker" in visitor.see(PATH)
    assert visitor.post(PATH, pack="amazon").status_code == 409
    assert len(checks_of(filled)) == 1


def test_of_two_people_at_once_one_waits_for_the_other(
    filled: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL, where only a lock keeps both from seeing that nothing runs."""
    calls: list[str] = []
    monkeypatch.setattr(ordered_job, "lock_project", lambda *_: calls.append("lock"))
    monkeypatch.setattr(ordered_job, "active_job", lambda *_: calls.append("look"))
    assert visitor.post(PATH, pack="amazon").status_code == 303
    assert calls == ["lock", "look"]


def test_how_far_it_is_and_how_it_ended_is_shown(filled: Any, visitor: Visitor) -> None:
    visitor.post(PATH, pack="amazon")
    (job,) = checks_of(filled)
    with filled.store.session() as session:
        acquire_job(session, job.id, "test", 60)
        progress_job(session, job.id, "test", 60, 30, 120)
    assert "30 of 120" in visitor.see(PATH)
    assert "Checking cut-outs" in visitor.see("/dashboard/1")
    with filled.store.session() as session:
        fail_job(session, job.id, "test", "the photos are on the moon")
    assert "The last check failed: the photos are on the moon" in visitor.see(PATH)
    visitor.post(PATH, pack="amazon")
    newest = checks_of(filled)[0]
    with filled.store.session() as session:
        acquire_job(session, newest.id, "test", 60)
        finish_job(session, newest.id, "test")
    assert "The last check failed" not in visitor.see(PATH)


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({}, 400, "choose at least one channel"),
        ({"pack": "../amazon"}, 400, "choose at least one channel"),
        ({"pack": "amazon", "edge": "round"}, 400, "unknown edge"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    filled: Any, visitor: Visitor, fields: dict[str, str], status: int, sentence: str
) -> None:
    answer = visitor.post(PATH, **fields)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert not checks_of(filled)


def test_results_are_counted_and_listed(filled: Any, visitor: Visitor) -> None:
    new = store_results(filled)
    refused = sum(result.outcome is ChannelOutcome.REFUSED for result in new)
    page = visitor.see(PATH)
    assert f"size ({refused})" in page
    assert page.count("the picture is 80 x 80 px") == refused
    passing = visitor.see(f"{PATH}?channel=amazon&show=passes")
    assert passing.count('class="flagged"') == min(60, len(new) - refused - 1)
    missing = visitor.see(f"{PATH}?channel=amazon&show=not_checked")
    assert missing.count('class="flagged"') == 1
    of_size = visitor.see(f"{PATH}?channel=amazon&show=refused&check=size")
    assert of_size.count('class="flagged"') == refused
    none = visitor.see(f"{PATH}?channel=amazon&show=refused&check=fill")
    assert "No cut-outs here" in none


def test_a_list_of_many_has_pages(
    filled: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.dashboard.pages.publish.PAGE_SIZE", 7)
    new = store_results(filled)
    expected = [row.task_id for row in new if row.outcome is ChannelOutcome.PASSES]
    path, seen = f"{PATH}?channel=amazon&show=passes", 0
    while path:
        page = visitor.see(path)
        seen += page.count('class="flagged"')
        after = page.partition('rel="next" href="')[2].partition('"')[0]
        path = after.replace("&amp;", "&")
    assert seen == len(expected)


@pytest.mark.parametrize(
    "query",
    [
        "channel=nowhere",
        "show=all",
        "after=-1",
        "after=" + "9" * 40,
        "after=x",
        "check=<b>",
        "after=%D9%A3",
    ],
)
def test_an_odd_address_shows_the_first_page(filled: Any, visitor: Visitor, query: str) -> None:
    store_results(filled)
    assert "the picture is 80 x 80 px" in visitor.see(f"{PATH}?{query}")


def test_one_click_exports_what_passes(filled: Any, visitor: Visitor) -> None:
    store_results(filled)
    page = visitor.see(PATH)
    form = page[page.index('action="/dashboard/1/exports"') :]
    fields = {
        name: form.partition(f'name="{name}" value="')[2].partition('"')[0]
        for name in ("format", "masks", "edge", "pack")
    }
    assert fields == {"format": "cutouts", "masks": "best", "edge": "soft", "pack": "amazon"}
    assert visitor.post("/dashboard/1/exports", **fields).status_code == 303
    assert "for amazon" in visitor.see("/dashboard/1/exports")


def test_who_may_do_what(filled: Any, visitor: Visitor) -> None:
    store_results(filled)
    viewer = Visitor(filled, name="vic", role=Role.VIEWER)
    page = viewer.see(PATH)
    assert "the picture is 80 x 80 px" in page
    assert "Check for" not in page
    assert 'action="/dashboard/1/exports"' not in page
    assert viewer.post(PATH, pack="amazon").status_code == 403
    reviewer = Visitor(filled, name="rev", role=Role.REVIEWER)
    assert "Check for" in reviewer.see(PATH)
    assert 'action="/dashboard/1/exports"' not in reviewer.see(PATH)
    assert reviewer.post(PATH, pack="amazon").status_code == 303


def test_a_pack_of_the_studio_is_offered_and_a_broken_one_says_why(
    filled: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = filled.services.settings.home_path
    monkeypatch.setenv("HEMLINE_HOME", str(home))
    get_settings.cache_clear()
    (home / "packs").mkdir()
    rule = '[[rule]]\ncheck = "size"\nleast_long = 10\nsource = "our guide"\ndate = "2026"\n'
    (home / "packs" / "ours.toml").write_text(f'title = "<b>Ours</b>"\nversion = 1\n{rule}')
    (home / "packs" / "broken.toml").write_text('title = "Broken"\nversion = 1\n')
    page = visitor.see(PATH)
    assert "&lt;b&gt;Ours&lt;/b&gt;" in page
    assert "has no rules; add a [[rule]]" in page
    assert "has no rules" in visitor.post(PATH, pack="broken").text
    assert not checks_of(filled)
    get_settings.cache_clear()


def test_other_peoples_words_are_text(filled: Any, visitor: Visitor) -> None:
    store_results(filled, says='<img src=x onerror="alert(1)">')
    page = visitor.see(PATH)
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_place_that_no_row_can_have_is_the_first_page(filled: Any, visitor: Visitor) -> None:
    store_results(filled)
    address = f"{PATH}?channel=amazon&show=passes&after="
    assert visitor.see(address + "9" * 18) == visitor.see(address + "0")
