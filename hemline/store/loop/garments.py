"""How a project's tasks are grouped by garment: the rule that is kept, and what it gives.

Until the first photo has a split, the rule follows what the addresses have in common; from then on
it stays, for a split is of a garment.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import distinct, exists, func, select, update
from sqlalchemy.orm import Session

from hemline.garments.address import read_address
from hemline.garments.layout import find_layout
from hemline.garments.rule import GarmentBy, GarmentRule, check_pattern
from hemline.store.database.engine import Store
from hemline.store.loop.projects import lock_project
from hemline.store.tables.loop import Project, Task

_LEAST_STEP = 20  # tasks that come before the rule is looked at again
_AT_ONCE = 1000
LONGEST = 255  # letters of a garment's name
_LONGEST_VIEW = 64


@dataclass(frozen=True, slots=True)
class Grouped:
    """A task's row as far as its garment goes, and what the rule makes of it."""

    id: int
    ls_task_id: int
    image_url: str
    split: Any
    old: str
    old_by: str
    garment: str
    view: str
    by: str


@dataclass(frozen=True, slots=True)
class GarmentCounts:
    """A project's garments. `by`: photos by what named their garment; `earlier`: photos whose
    split is by an earlier rule; `largest`: the garment of most photos, and how many."""

    garments: int
    photos: int
    by: dict[str, int]
    earlier: int
    largest: tuple[str, int]


def garment_rule(session: Session, project_id: int) -> GarmentRule:
    """The project's rule; the plain one where it has none."""
    return GarmentRule.from_json(
        session.scalar(select(Project.garment_rule).where(Project.id == project_id))
    )


def garment_of(
    rule: GarmentRule, data: dict[str, Any], url: str, ls_task_id: int
) -> tuple[str, str, str]:
    """Garment, view and what named the garment, as they are stored for a task."""
    named = rule.name(data, url)
    garment = named.garment or f"task-{ls_task_id}"
    return garment[:LONGEST], named.view[:_LONGEST_VIEW], named.by.value


def keep_garments(store: Store, project_id: int, task_id: int) -> None:
    """Looks at the rule again where the tasks have doubled since it was looked at last.

    task_id: the store's id of the task that came last. Call it between transactions.
    """
    with store.reading() as session:
        due = _due(session, project_id)
    if due is not None and task_id >= due:
        _follow_addresses(store, project_id, task_id, settle=False)


def settle_garments(store: Store, project_id: int) -> None:
    """Looks at the rule a last time, before a photo gets its split; call it as `keep_garments`."""
    with store.reading() as session:
        due = _due(session, project_id)
    if due is not None:
        _follow_addresses(store, project_id, 0, settle=True)


def is_settled(project: Project) -> bool:
    """Whether the rule stays as it is, so that `settle_garments` has nothing to do."""
    return GarmentRule.from_json(project.garment_rule).settled


def set_rule(session: Session, project_id: int, rule: GarmentRule) -> None:
    session.execute(
        update(Project)
        .where(Project.id == project_id)
        .values(garment_rule=rule.as_json(), garments_due=None)
    )


def chosen_rule(
    session: Session, project_id: int, *, pattern: str = "", field: str = "", auto: bool = False
) -> GarmentRule:
    """The rule that a person asks for: by a pattern, by a field, by the addresses as they are now;
    the project's own without any of them.

    Raises GarmentRuleError if the pattern cannot be used.
    """
    stored = garment_rule(session, project_id)
    if pattern:
        check_pattern(pattern)
        return GarmentRule(pattern=pattern, settled=stored.settled)
    if field:
        return GarmentRule(field=field, settled=stored.settled)
    if auto:
        return replace(rule_by_addresses(session, project_id), settled=stored.settled)
    return stored


def rule_by_addresses(session: Session, project_id: int) -> GarmentRule:
    """The rule that the addresses of all tasks suggest."""
    addresses = session.scalars(select(Task.image_url).where(Task.project_id == project_id))
    return GarmentRule(layout=find_layout(map(read_address, addresses)))


def grouped(session: Session, project_id: int, rule: GarmentRule) -> Iterator[Grouped]:
    """Every task of the project with what the rule makes of it, by id."""
    rows = session.execute(
        select(
            Task.id,
            Task.ls_task_id,
            Task.image_url,
            Task.split,
            Task.garment,
            Task.garment_by,
            Task.data,
        )
        .where(Task.project_id == project_id)
        .order_by(Task.id)
    )
    for row in rows:
        names = garment_of(rule, row.data, row.image_url, row.ls_task_id)
        yield Grouped(
            row.id, row.ls_task_id, row.image_url, row.split, row.garment, row.garment_by, *names
        )


def write_garments(session: Session, tasks: Sequence[Grouped]) -> None:
    """Stores the rule's names of these tasks."""
    changed = [
        {"id": task.id, "garment": task.garment, "view": task.view, "garment_by": task.by}
        for task in tasks
        if (task.old, task.old_by) != (task.garment, task.by)
    ]
    for start in range(0, len(changed), _AT_ONCE):
        session.execute(update(Task), changed[start : start + _AT_ONCE])


def count_garments(session: Session, project_id: int) -> GarmentCounts:
    """What `hemline status` says of a project's garments."""
    own = Task.project_id == project_id
    rows = session.execute(
        select(Task.garment_by, func.count()).where(own).group_by(Task.garment_by)
    )
    by = {str(row[0]): int(row[1]) for row in rows}
    garments = session.scalar(select(func.count(distinct(Task.garment))).where(own)) or 0
    largest = session.execute(
        select(Task.garment, func.count().label("photos"))
        .where(own)
        .group_by(Task.garment)
        .order_by(func.count().desc(), Task.garment)
        .limit(1)
    ).one_or_none()
    earlier = session.scalar(
        select(func.count())
        .select_from(Task)
        .where(own, Task.split.is_not(None), Task.garment_by == "")
    )
    return GarmentCounts(
        garments,
        sum(by.values()),
        by,
        earlier or 0,
        (largest[0], largest[1]) if largest else ("", 0),
    )


def _due(session: Session, project_id: int) -> int | None:
    """The task from which the rule is looked at again; None: it is settled."""
    row = session.execute(
        select(Project.garment_rule, Project.garments_due).where(Project.id == project_id)
    ).one_or_none()
    if row is None or GarmentRule.from_json(row.garment_rule).settled:
        return None
    return row.garments_due or 0


def _follow_addresses(store: Store, project_id: int, task_id: int, *, settle: bool) -> None:
    with store.session() as session:
        lock_project(session, project_id)
        if _due(session, project_id) is None:
            return
        stored = garment_rule(session, project_id)
        has_split = select(exists().where(Task.project_id == project_id, Task.split.is_not(None)))
        settled = settle or bool(session.scalar(has_split))
        rule = stored if stored.pattern or stored.field else rule_by_addresses(session, project_id)
        rule = replace(rule, settled=settled)
        tasks = list(grouped(session, project_id, rule))
        set_rule(session, project_id, rule)
        write_garments(session, _safe_to_name(tasks))
        if not settled:
            session.execute(
                update(Project)
                .where(Project.id == project_id)
                .values(garments_due=task_id + max(len(tasks), _LEAST_STEP))
            )


def _safe_to_name(tasks: Sequence[Grouped]) -> list[Grouped]:
    """Tasks without a split, and those with one that the rule groups as before."""
    new_of: dict[str, set[str]] = defaultdict(set)
    old_of: dict[str, set[str]] = defaultdict(set)
    for task in tasks:
        if task.split is not None:
            new_of[task.old].add(task.garment)
            old_of[task.garment].add(task.old)
    return [
        task
        for task in tasks
        if task.split is None or (len(new_of[task.old]) == 1 and len(old_of[task.garment]) == 1)
    ]


def in_words(counts: GarmentCounts, rule: GarmentRule) -> str:
    """What a project's photos are grouped by: "412 of 1,236 photos, by file name"."""
    named = {
        GarmentBy.FIELD: str(rule),
        GarmentBy.PATTERN: str(rule),
        GarmentBy.DATA: "by the tasks' field 'garment'",
        GarmentBy.FILE: f"by {rule.layout}" if not rule.layout.folders else "by file name",
        GarmentBy.FOLDER: "by folder",
        GarmentBy.NOTHING: "each on its own, as nothing names its garment",
    }
    words = [(counts.by[by.value], text) for by, text in named.items() if counts.by.get(by.value)]
    if counts.by.get(""):
        words.append((counts.by[""], "by an earlier rule"))
    total = f"{counts.garments:,} of {counts.photos:,} photos"
    if len(words) == 1:
        return f"{total}, {words[0][1]}"
    parts = (f"{number:,} {text}" for number, text in sorted(words, reverse=True))
    return f"{total}: {', '.join(parts)}" if words else "none yet"
