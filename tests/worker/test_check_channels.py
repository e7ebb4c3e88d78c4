"""A check for channels: what is judged, what is not judged again, and after a death."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.export import channel_check
from hemline.export.channel_check import ChannelOrder
from hemline.export.cutout_style import CutoutStyle
from hemline.export.formats.published import publish
from hemline.export.formats.registry import FormatName
from hemline.export.manifest import MANIFEST, read_manifest
from hemline.export.order import ExportOrder
from hemline.export.reader import Sources
from hemline.export.run import run_export
from hemline.masks.cutouts.edges import Edge
from hemline.store.database.clock import database_now
from hemline.store.loop.jobs import get_job, list_jobs, queue_job
from hemline.store.reports.channel_results import changed_since, channel_counts, list_results
from hemline.store.reports.export_masks import ExportFilter
from hemline.store.states import ChannelOutcome, JobKind, JobState
from hemline.store.tables.channels import ChannelResult
from hemline.store.tables.loop import Annotation, Job, Project
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.check_channels import check_channels
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]
RULE = """
[[rule]]
check = "{check}"
{key} = {number}
source = "our style guide"
date = "2026-11"
"""


def write_pack(services: Services, name: str, **rules: float) -> None:
    """A pack of the studio's own; `size_least_long=40` is the rule `size` with that key."""
    folder = services.settings.home_path / "packs"
    folder.mkdir(exist_ok=True)
    text = f'title = "{name}"\nversion = 1\n[canvas]\nfile = "png"\n'
    for rule, number in rules.items():
        check, key = rule.split("_", 1)
        text += RULE.format(check=check, key=key, number=number)
    (folder / f"{name}.toml").write_text(text)


@pytest.fixture
def packs(services: Services) -> tuple[str, ...]:
    """One that takes the second disc only, whose box is larger, and one that takes any."""
    sides = [int(np.flatnonzero(drawn(task).any(axis=0)).size) for task in (1, 2)]
    assert sides[0] + 8 < sides[1]
    # A garment fills 0.9 of its picture unless a pack says otherwise.
    write_pack(services, "large", size_least_long=round(sum(sides) / 2 / 0.9))
    write_pack(services, "any", size_least_long=10)
    return ("large", "any")


def drawn(task: int) -> NDArray[np.uint8]:
    """What is submitted for a task: of the first, less than its disc."""
    mask = disc(task - 1)[1]
    if task != 1:
        return mask
    return np.asarray(cv2.erode(mask, np.ones((5, 5)), iterations=2), np.uint8)


@pytest.fixture
def corrected(
    fake: FakeLabelStudio, services: Services, project: Project, deliver: Deliver
) -> None:
    for task in (1, 2):
        deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(task, brush(drawn(task)))))
    ingest_deliveries(services)


@pytest.fixture
def check(services: Services, project: Project) -> Callable[..., Job]:
    def check(*packs: str, edge: Edge = Edge.HARD) -> Job:
        with services.store.session() as session:
            arguments = ChannelOrder(packs, edge).arguments()
            job_id = queue_job(session, project.id, JobKind.CHECK_CHANNELS, arguments).id
        check_channels(services, job_id)
        with services.store.reading() as session:
            return get_job(session, job_id)

    return check


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the packs that pictures are judged by, as they are."""
    found: list[str] = []

    def noted(pack: Any, *arguments: Any) -> Any:
        found.append(pack.name)
        return publish(pack, *arguments)

    monkeypatch.setattr(channel_check, "publish", noted)
    return found


def listed(services: Services, project: Project, pack: str, outcome: str) -> list[ChannelResult]:
    with services.store.reading() as session:
        kind = ChannelOutcome(outcome)
        return list(list_results(session, project.id, pack, outcome=kind, limit=50))


@pytest.mark.usefixtures("corrected")
def test_each_cut_out_is_judged_as_an_export_would_write_it(
    services: Services,
    project: Project,
    packs: tuple[str, ...],
    check: Callable[..., Job],
    tmp_path: Path,
) -> None:
    job = check(*packs)
    assert (job.state, job.done, job.total) == (JobState.DONE, 2, 2)
    with services.store.reading() as session:
        taken, large = channel_counts(session, project.id)
    assert (taken.pack, taken.passes, taken.refused) == ("any", 2, 0)
    assert (large.pack, large.passes, large.refused) == ("large", 1, 1)
    (refused,) = listed(services, project, "large", "refused")
    assert (refused.task.ls_task_id, refused.refused_by) == (1, "|size|")
    assert "px" in refused.says
    (passing,) = listed(services, project, "large", "passes")
    assert passing.annotation is not None
    sources = Sources(
        services.store, services.artifacts, services.photos, services.settings.max_pixels
    )
    order = ExportOrder(FormatName.CUTOUTS, ExportFilter(), CutoutStyle(Edge.HARD, "large"))
    out = tmp_path / "out"
    run_export(sources, project, order.format_name, order.chosen, out, style=order.style)
    written = read_manifest(out / MANIFEST)
    assert [record.task for record in written if not record.problem] == [passing.task.ls_task_id]


@pytest.mark.usefixtures("corrected")
def test_only_what_changed_is_judged_again(
    services: Services,
    fake: FakeLabelStudio,
    packs: tuple[str, ...],
    check: Callable[..., Job],
    deliver: Deliver,
    judged: list[str],
) -> None:
    check(*packs)
    assert sorted(judged) == ["any", "any", "large", "large"]
    judged.clear()
    check(*packs)
    assert not judged
    mask = cv2.erode(drawn(1), np.ones((3, 3)))
    (saved,) = fake.full_task(1)["annotations"]
    deliver(fake.payload("ANNOTATION_UPDATED", fake.update(saved["id"], result=brush(mask))))
    ingest_deliveries(services)
    check(*packs)
    assert sorted(judged) == ["any", "large"]
    judged.clear()
    write_pack(services, "any", size_least_long=11)
    check(*packs)
    assert judged == ["any", "any"]
    judged.clear()
    check(*packs, edge=Edge.SOFTENED)
    assert len(judged) == 4


@pytest.mark.usefixtures("corrected")
def test_a_photo_that_is_gone_is_named_and_looked_at_again(
    services: Services,
    project: Project,
    fake: FakeLabelStudio,
    packs: tuple[str, ...],
    check: Callable[..., Job],
) -> None:
    files = dict(fake.files)
    fake.files.clear()
    for path in (services.settings.home_path / "photos").rglob("*"):
        if path.is_file():
            path.unlink()
    assert check(*packs).state is JobState.DONE
    assert all("404" in row.says for row in listed(services, project, "any", "not_checked"))
    assert len(listed(services, project, "large", "not_checked")) == 2
    fake.files.update(files)
    check(*packs)
    assert len(listed(services, project, "any", "passes")) == 2


@pytest.mark.usefixtures("corrected")
def test_after_a_death_it_goes_on_where_it_was(
    services: Services,
    project: Project,
    packs: tuple[str, ...],
    check: Callable[..., Job],
    judged: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.check_channels._AT_ONCE", 1)
    save = channel_check.ChannelChecker.check_all
    calls = 0

    def die_second(self: Any, items: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise SystemExit("killed")
        return save(self, items)

    monkeypatch.setattr(channel_check.ChannelChecker, "check_all", die_second)
    with pytest.raises(SystemExit):
        check(*packs)
    assert len(judged) == 2
    with services.store.session() as session:
        (job,) = list_jobs(session, project.id, kind=JobKind.CHECK_CHANNELS)
        job.lease_until = job.created_at
        job_id = job.id
    check_channels(services, job_id)
    assert len(judged) == 4
    with services.store.reading() as session:
        assert get_job(session, job_id).state is JobState.DONE
        assert [counts.total for counts in channel_counts(session, project.id)] == [2, 2]


@pytest.mark.usefixtures("corrected")
def test_a_task_that_lost_its_mask_is_no_longer_listed(
    services: Services,
    project: Project,
    packs: tuple[str, ...],
    check: Callable[..., Job],
    fake: FakeLabelStudio,
) -> None:
    check(*packs)
    with services.store.session() as session:
        for row in listed(services, project, "any", "passes"):
            if row.task.ls_task_id == 1:
                assert row.annotation is not None
                session.get_one(type(row.annotation), row.annotation.id).was_cancelled = True
    check("any")
    with services.store.reading() as session:
        taken, large = channel_counts(session, project.id)
    assert (taken.total, large.total) == (1, 2)  # the other channel was not checked


@pytest.mark.usefixtures("corrected")
def test_the_same_mask_of_another_annotation_is_listed_as_its_own(
    services: Services, project: Project, packs: tuple[str, ...], check: Callable[..., Job]
) -> None:
    check(*packs)
    (first, _) = listed(services, project, "any", "passes")
    old = first.annotation
    assert old is not None
    with services.store.session() as session:
        session.get_one(Annotation, old.id).deleted_at = old.changed_at
        again = Annotation(
            project_id=project.id,
            task_id=old.task_id,
            ls_annotation_id=old.ls_annotation_id + 1000,
            mask_digest=old.mask_digest,
            width=old.width,
            height=old.height,
        )
        session.add(again)
    check(*packs)
    (first, _) = listed(services, project, "any", "passes")
    assert first.annotation_id == again.id


@pytest.mark.parametrize("arguments", [{}, {"packs": ["any"], "edge": "round"}, {"packs": 3}])
def test_an_order_that_cannot_be_read_fails_with_a_sentence(
    services: Services, project: Project, arguments: dict[str, Any]
) -> None:
    with services.store.session() as session:
        job_id = queue_job(session, project.id, JobKind.CHECK_CHANNELS, arguments).id
    check_channels(services, job_id)
    with services.store.reading() as session:
        job = get_job(session, job_id)
    assert job.state is JobState.FAILED
    assert "order it again" in (job.problem or "")


def test_a_pack_that_is_gone_fails_with_a_sentence(check: Callable[..., Job]) -> None:
    job = check("gone")
    assert job.state is JobState.FAILED
    assert "there is no rule pack 'gone'" in (job.problem or "")


@pytest.mark.usefixtures("corrected")
def test_what_is_saved_while_a_page_is_judged_counts_as_changed_since(
    services: Services,
    project: Project,
    packs: tuple[str, ...],
    check: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mask of a page was read; what somebody saves then is newer than the check."""
    judge = channel_check.ChannelChecker.check_all

    def save_first(self: Any, items: Any) -> Any:
        with services.store.session() as session:
            for row in session.query(Annotation).filter(Annotation.project_id == project.id):
                row.changed_at = database_now(session)
        return judge(self, items)

    monkeypatch.setattr(channel_check.ChannelChecker, "check_all", save_first)
    check("any")
    with services.store.reading() as session:
        (counts,) = channel_counts(session, project.id)
        assert changed_since(session, project.id, "any", counts.checked_at) == 2


@pytest.mark.usefixtures("corrected")
def test_a_slow_check_keeps_its_lease(
    services: Services,
    packs: tuple[str, ...],
    check: Callable[..., Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    monkeypatch.setattr(
        "worker.jobs.JobAtWork.tell_now_and_then", lambda self, done: told.append(done)
    )
    check(*packs)
    assert told == [1, 2]
