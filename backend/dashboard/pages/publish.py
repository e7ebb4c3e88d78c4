"""Ready to publish: which cut-outs each channel accepts, and why it would refuse the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import asked_id, known_project, render_page, say, see
from backend.dashboard.login.access import needs
from backend.dashboard.ordered_job import order_job
from backend.dashboard.pages.exports import EDGES
from backend.dashboard.pictures.picture import PictureKind
from backend.dashboard.pictures.specs import picture_address
from backend.dashboard.remembered import Remembered
from backend.services import BackendServices
from hemline.channels.pack import CHECKS, load_pack, pack_names
from hemline.errors import ChannelError
from hemline.export.channel_check import ChannelOrder
from hemline.export.request import build_filter
from hemline.masks.cutouts.edges import Edge
from hemline.store.loop.jobs import list_jobs
from hemline.store.reports.channel_results import (
    ChannelCounts,
    changed_since,
    channel_counts,
    count_refusals,
    list_results,
)
from hemline.store.reports.export_masks import MaskChoice, count_export
from hemline.store.reports.task_view import TaskView
from hemline.store.states import ChannelOutcome, JobKind, JobState, Role
from hemline.store.tables.channels import ChannelResult
from hemline.store.tables.loop import Job, Project

PAGE_SIZE = 60
_COUNTS_KEPT_S = 10.0
OUTCOMES = {
    ChannelOutcome.REFUSED: "refused",
    ChannelOutcome.PASSES: "passing",
    ChannelOutcome.NOT_CHECKED: "not checked",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A rule pack as the page offers it.

    Attributes:
        problem: why it cannot be read.
        changed: cut-outs that are others since the check, where there was one.
    """

    name: str
    title: str
    unchecked: tuple[str, ...] = ()
    problem: str = ""
    counts: ChannelCounts | None = None
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a channel's results is listed, read from the address."""

    channel: Channel
    outcome: ChannelOutcome
    check: str
    after: int

    @property
    def query(self) -> dict[str, str]:
        """What leads to the first page of the same list."""
        check = {"check": self.check} if self.check else {}
        return {"channel": self.channel.name, "show": self.outcome.value, **check}


@dataclass(frozen=True, slots=True)
class ResultCard:
    """One cut-out of the list."""

    result: ChannelResult
    picture: str
    says: list[str]


def register(blueprint: Blueprint, services: BackendServices) -> None:
    counts: Remembered[list[Channel]] = Remembered(_COUNTS_KEPT_S)
    totals: Remembered[int] = Remembered(_COUNTS_KEPT_S)

    @blueprint.get("/<int:project>/publish")
    def publish(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        job = _last_job(services, row)
        # A check that has just ended shows at once, and so does how far one is.
        state = (job.id, job.state, job.done) if job is not None else None
        channels = counts.get((row.id, state), lambda: _channels(services, row))
        total = totals.get(row.id, lambda: _cutouts(services, row))
        shown = _shown(channels)
        cards, refusals, after = _listed(services, row, shown)
        return render_page(
            "dashboard/publish.html",
            project=row,
            channels=channels,
            checked=[channel for channel in channels if channel.counts is not None],
            shown=shown,
            cards=cards,
            refusals=refusals,
            after=after,
            outcomes=OUTCOMES,
            edges=EDGES,
            job=job,
            is_running=job is not None and job.state in (JobState.QUEUED, JobState.RUNNING),
            last=ChannelOrder.read(job.arguments) if job is not None else None,
            total=total,
        )

    @blueprint.post("/<int:project>/publish")
    @needs(Role.REVIEWER)
    def check_channels(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        order = _order()
        order_job(
            services,
            row,
            JobKind.CHECK_CHANNELS,
            order.arguments(),
            name="check",
            busy="the cut-outs are being checked right now; wait until that has ended",
        )
        say(f"The cut-outs will be checked for {', '.join(order.packs)}.")
        return see("publish", project=project)


def _order() -> ChannelOrder:
    known = pack_names()
    packs = tuple(name for name in dict.fromkeys(request.form.getlist("pack")) if name in known)
    edge = request.form.get("edge", Edge.SOFTENED)
    if not packs:
        abort(400, "nothing was checked: choose at least one channel")
    if edge not in list(Edge):
        abort(400, f"nothing was checked: unknown edge '{edge[:40]}'")
    for name in packs:
        load_pack(name)  # one that cannot be read is refused here, in words
    return ChannelOrder(packs, Edge(edge))


def _last_job(services: BackendServices, project: Project) -> Job | None:
    with services.store.reading() as session:
        jobs = list_jobs(session, project.id, kind=JobKind.CHECK_CHANNELS, limit=1)
    return jobs[0] if jobs else None


def _cutouts(services: BackendServices, project: Project) -> int:
    """How many cut-outs an export of the best masks would make."""
    chosen = build_filter(services.store, project, masks=MaskChoice.BEST)
    return count_export(services.store, project.id, chosen)


def _channels(services: BackendServices, project: Project) -> list[Channel]:
    """Every pack there is, with the figures of the last check; and results of packs that are gone
    are left out."""
    found = []
    with services.store.reading() as session:
        known = {counts.pack: counts for counts in channel_counts(session, project.id)}
        for name in pack_names():
            counts = known.get(name)
            changed = changed_since(session, project.id, name, counts.checked_at) if counts else 0
            try:
                pack = load_pack(name)
                found.append(
                    Channel(name, pack.title, pack.unchecked, counts=counts, changed=changed)
                )
            except ChannelError as error:
                found.append(Channel(name, name, problem=str(error)))
    return found


def _shown(channels: Sequence[Channel]) -> Shown | None:
    """The list that the address asks for; without a word, what the first channel refuses."""
    checked = {channel.name: channel for channel in channels if channel.counts is not None}
    if not checked:
        return None
    channel = checked.get(request.args.get("channel", "")) or next(iter(checked.values()))
    counts = channel.counts
    asked = request.args.get("show", "")
    if asked in list(ChannelOutcome):
        outcome = ChannelOutcome(asked)
    else:
        outcome = (
            ChannelOutcome.REFUSED
            if counts is not None and counts.refused
            else ChannelOutcome.PASSES
        )
    check = request.args.get("check", "")
    if check not in CHECKS or outcome is not ChannelOutcome.REFUSED:
        check = ""
    return Shown(channel, outcome, check, asked_id("after") or 0)


def _listed(
    services: BackendServices, project: Project, shown: Shown | None
) -> tuple[list[ResultCard], dict[str, int], dict[str, str] | None]:
    """The cards of the page, how many cut-outs each check refuses, and the query of the next."""
    if shown is None:
        return [], {}, None
    with services.store.reading() as session:
        refusals = count_refusals(session, project.id, shown.channel.name, list(CHECKS))
        results = list_results(
            session,
            project.id,
            shown.channel.name,
            outcome=shown.outcome,
            check=shown.check,
            after=shown.after,
            limit=PAGE_SIZE + 1,
        )
    cards = [_card(project, result) for result in results[:PAGE_SIZE]]
    ends = len(results) <= PAGE_SIZE
    after = None if ends else shown.query | {"after": str(results[PAGE_SIZE - 1].task_id)}
    return cards, dict(sorted(refusals.items(), key=lambda item: -item[1])), after


def _card(project: Project, result: ChannelResult) -> ResultCard:
    view = TaskView(project, result.task, result.annotation, result.prediction)
    says = result.says.split("\n") if result.says else []
    return ResultCard(result, picture_address(PictureKind.CARD, view), says)
