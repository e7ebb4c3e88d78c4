"""Checks of a project's cut-outs for channels, ordered in the dashboard."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from hemline.channels.check_files import Checked
from hemline.channels.rule import Outcome
from hemline.export.channel_check import ChannelChecker, ChannelOrder
from hemline.export.request import build_filter
from hemline.store.database.clock import database_now
from hemline.store.reports.channel_results import (
    NewResult,
    known_keys,
    remove_older,
    save_results,
    still_right,
)
from hemline.store.reports.export_masks import (
    ExportItem,
    MaskChoice,
    count_export,
    export_pages,
)
from hemline.store.states import ChannelOutcome
from worker.export import export_sources
from worker.jobs import JobAtWork, run_job
from worker.services import Services

_AT_ONCE = 20  # results stored together: what a killed worker does again


def check_channels(services: Services, job_id: int) -> None:
    """Works on a job that checks, unless somebody else does. After a crash it goes on where it
    was: what follows from the same mask, photo and rules is not judged again."""
    run_job(services, job_id, lambda at_work: _check(services, at_work))


def _check(services: Services, at_work: JobAtWork) -> None:
    project = at_work.job.project
    order = ChannelOrder.read(at_work.job.arguments)
    checker = ChannelChecker(export_sources(services), project, order)
    chosen = build_filter(services.store, project, masks=MaskChoice.BEST)
    begun = at = _now(services)  # what is saved from here on is newer than what is read
    at_work.tell(0, count_export(services.store, project.id, chosen))
    done = 0
    for looked_at, items in export_pages(services.store, project.id, chosen):
        for start in range(0, len(items), _AT_ONCE):
            some = items[start : start + _AT_ONCE]
            for number in _check_some(services, project.id, checker, order, some, at):
                at_work.tell_now_and_then(done + start + number)
        done += looked_at
        at_work.tell(done)
        at = _now(services)  # before the next page is read
    with services.store.session() as session:
        remove_older(session, project.id, order.packs, begun)


def _check_some(
    services: Services,
    project_id: int,
    checker: ChannelChecker,
    order: ChannelOrder,
    items: Sequence[ExportItem],
    at: datetime,
) -> Iterator[int]:
    """Judges what is new of the items and stores it. Yields how many are judged, one by one, and
    stores at the end."""
    with services.store.reading() as session:
        known = known_keys(session, [item.task_id for item in items])
    keys = {
        (item.task_id, pack.name): checker.key(item, pack)
        for item in items
        for pack in checker.packs
    }
    due = []
    for item in items:
        packs = [
            pack
            for pack in checker.packs
            if known.get((item.task_id, pack.name)) != keys[item.task_id, pack.name]
        ]
        if packs:
            due.append((item, packs))
    new: list[NewResult] = []
    judgements = zip(due, checker.check_all(due), strict=True)
    for number, ((item, _), found) in enumerate(judgements, start=1):
        new += [
            _result(item, keys[item.task_id, name], name, checked, order)
            for name, checked in found.items()
        ]
        yield number
    judged = {(result.task_id, result.pack) for result in new}
    with services.store.session() as session:
        save_results(session, project_id, new, at)
        for pack in order.packs:
            same = [task_id for task_id, name in keys if name == pack]
            still_right(
                session, pack, [task_id for task_id in same if (task_id, pack) not in judged], at
            )


def _result(
    item: ExportItem, key: str, pack: str, checked: Checked, order: ChannelOrder
) -> NewResult:
    failed = [found for found in checked.findings if found.outcome is Outcome.FAILED]
    advice = [found for found in checked.findings if found.outcome is Outcome.ADVICE]
    outcome = ChannelOutcome.PASSES if checked.passes else ChannelOutcome.REFUSED
    says = [found.says for found in failed] + [f"Advice: {found.says}" for found in advice]
    if checked.problem is not None:
        # Without a key it is looked at again by the next check: the photo may be there by then.
        key, outcome, says = "", ChannelOutcome.NOT_CHECKED, [checked.problem]
    return NewResult(
        task_id=item.task_id,
        row_id=item.row_id,
        is_correction=item.ls_annotation_id is not None,
        pack=pack,
        edge=order.edge.value,
        key=key,
        outcome=outcome,
        refused_by=tuple(dict.fromkeys(found.check for found in failed)),
        says=tuple(says),
    )


def _now(services: Services) -> datetime:
    with services.store.reading() as session:
        return database_now(session)
