"""Grouping a project's photos by another rule: what it does to the splits, and doing it.

A garment of which any photo has been in a training is never gold again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.garments.rule import GarmentRule
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.loop.garments import Grouped, garment_of, grouped, set_rule, write_garments
from hemline.store.loop.projects import lock_project
from hemline.store.loop.splits import splits_due
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.models import champion
from hemline.store.models.runs import active_run
from hemline.store.models.snapshots import ManifestItem, read_manifest
from hemline.store.states import Split
from hemline.store.tables.loop import DatasetSnapshot, ModelVersion, Task, TrainingRun


@dataclass(frozen=True, slots=True)
class Member:
    """A photo of a garment with its split and what a training used it for, if any did."""

    id: int
    old: str
    split: Split | None
    used: Split | None = None


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What another rule does. `merged`: garment to those it is made of; `parted`: garment to those
    it falls into; `moves`: photo to its split before and after; `judged`, of the champion's gold
    photos: how many there were, leave gold, and show a garment that a training has seen."""

    rule: GarmentRule
    tasks: list[Grouped]
    merged: dict[str, list[str]] = field(default_factory=dict)
    parted: dict[str, list[str]] = field(default_factory=dict)
    moves: dict[int, tuple[Split, Split]] = field(default_factory=dict)
    gold_before: int = 0
    gold_after: int = 0
    champion: str = ""
    judged: tuple[int, int, int] = (0, 0, 0)

    @property
    def changes(self) -> bool:
        """Whether photos are grouped or split in another way than before."""
        return bool(self.merged or self.parted or self.moves)


def plan_regrouping(
    session: Session,
    artifacts: ArtifactStore,
    project_id: int,
    rule: GarmentRule,
    *,
    gold_share: float,
    validation_share: float,
    gold_minimum: int = 0,
) -> Regrouping:
    """What grouping the project by the rule would do; changes nothing."""
    tasks = list(grouped(session, project_id, rule))
    used = _used_in_trainings(session, artifacts, project_id)
    garments: dict[str, list[Member]] = defaultdict(list)
    for task in tasks:
        use = used.pop(task.ls_task_id, None)
        garments[task.garment].append(
            Member(task.id, task.old, task.split, use.split if use else None)
        )
    for number, item in used.items():  # of tasks that are deleted
        garment, _, _ = garment_of(rule, {}, item.image_url, number)
        garments[garment].append(Member(0, "", None, item.split))
    splits = new_splits(
        garments,
        gold_share=gold_share,
        validation_share=validation_share,
        gold_minimum=gold_minimum,
    )
    moves = {
        member.id: (member.split, splits[garment])
        for garment, members in garments.items()
        for member in members
        if member.split is not None and member.split is not splits[garment]
    }
    new_of: dict[str, set[str]] = defaultdict(set)
    for task in tasks:
        new_of[task.old].add(task.garment)
    version, judged = _judged(session, project_id, tasks, moves, garments)
    return Regrouping(
        rule=rule,
        tasks=tasks,
        merged={
            garment: sorted(old)
            for garment, members in sorted(garments.items())
            if len(old := {member.old for member in members if member.old}) > 1
        },
        parted={old: sorted(new) for old, new in sorted(new_of.items()) if len(new) > 1},
        moves=moves,
        gold_before=len({task.old for task in tasks if task.split is Split.GOLD}),
        gold_after=sum(split is Split.GOLD for split in splits.values()),
        champion=version,
        judged=judged,
    )


def regroup(session: Session, project_id: int, plan: Regrouping) -> None:
    """Does what was planned in the same transaction, after `lock_for_regrouping`."""
    write_garments(session, plan.tasks)
    for task_id, (_, split) in plan.moves.items():
        session.execute(update(Task).where(Task.id == task_id).values(split=split))
    set_rule(session, project_id, plan.rule)


def lock_for_regrouping(session: Session, project_id: int) -> None:
    """Has trainings and other splits wait for this transaction.

    Raises StoreError while a training is queued or running: it judges on the splits as they were.
    """
    lock_project(session, project_id)
    run = active_run(session, project_id)
    if run is not None:
        raise StoreError(
            f"training {run.id} is {run.state.value} and needs the garments as they are; try "
            "again when it has ended"
        )


def new_splits(
    garments: Mapping[str, Sequence[Member]],
    *,
    gold_share: float,
    validation_share: float,
    gold_minimum: int = 0,
) -> dict[str, Split]:
    """The split of each garment that has a photo with one.

    A garment that is grouped as before keeps its split. Of those that changed, what a training
    learnt from trains, what chose its epoch validates, and the others fill what is due, those
    first that have been gold.
    """
    with_split = {
        garment: [member for member in members if member.split is not None]
        for garment, members in garments.items()
    }
    with_split = {garment: members for garment, members in with_split.items() if members}
    homes: dict[str, set[str]] = defaultdict(set)
    for garment, members in with_split.items():
        for member in members:
            homes[member.old].add(garment)
    splits: dict[str, Split] = {}
    free: list[str] = []
    for garment, members in with_split.items():
        held = {member.split for member in members}
        uses = {member.used for member in garments[garment]}
        if Split.TRAIN in uses:
            splits[garment] = Split.TRAIN
        elif Split.VALIDATION in uses:
            splits[garment] = Split.TRAIN if held == {Split.TRAIN} else Split.VALIDATION
        elif len(held) == 1 and all(len(homes[member.old]) == 1 for member in members):
            splits[garment] = next(split for split in held if split is not None)
        else:
            free.append(garment)
    _fill(splits, free, with_split, (gold_share, validation_share, gold_minimum))
    return splits


def _fill(
    splits: dict[str, Split],
    free: list[str],
    garments: Mapping[str, Sequence[Member]],
    shares: tuple[float, float, int],
) -> None:
    kept = list(splits.values())
    total = len(kept) + len(free)
    due = {
        split: number - kept.count(split) for split, number in splits_due(total, *shares).items()
    }
    for split, number in due.items():
        free.sort(
            key=lambda garment: (
                all(member.split is not split for member in garments[garment]),
                min(member.id for member in garments[garment]),
            )
        )
        for garment in free[: max(0, number)]:
            splits[garment] = split
        free = free[max(0, number) :]
    splits.update(dict.fromkeys(free, Split.TRAIN))


def _used_in_trainings(
    session: Session, artifacts: ArtifactStore, project_id: int
) -> dict[int, ManifestItem]:
    """By Label Studio's id, each task that a training learnt from or chose its epoch by.

    Raises ArtifactError if a snapshot cannot be read: what was trained on would not be known.
    """
    trained = select(TrainingRun.snapshot_id).where(TrainingRun.project_id == project_id)
    versions = select(ModelVersion.snapshot_id).where(
        ModelVersion.project_id == project_id, ModelVersion.snapshot_id.is_not(None)
    )
    used: dict[int, ManifestItem] = {}
    for snapshot in session.scalars(
        select(DatasetSnapshot).where(
            DatasetSnapshot.id.in_(trained) | DatasetSnapshot.id.in_(versions)
        )
    ):
        for item in read_manifest(artifacts, snapshot).items:
            before = used.get(item.task)
            learnt_from = before is not None and before.split is Split.TRAIN
            if item.split is not Split.GOLD and not learnt_from:
                used[item.task] = item
    return used


def _judged(
    session: Session,
    project_id: int,
    tasks: Sequence[Grouped],
    moves: Mapping[int, tuple[Split, Split]],
    garments: Mapping[str, Sequence[Member]],
) -> tuple[str, tuple[int, int, int]]:
    version = champion(session, project_id)
    evaluations = evaluations_of(session, version.id) if version is not None else []
    if version is None or not evaluations:
        return version.name if version is not None else "", (0, 0, 0)
    items = evaluations[0].figures.get("items") or []
    names = {item.get("id") for item in items if isinstance(item, dict)}
    judged = [task for task in tasks if f"task-{task.ls_task_id}" in names]
    left = [task for task in judged if task.id in moves]
    seen = [
        task for task in judged if any(member.used is not None for member in garments[task.garment])
    ]
    return version.name, (len(judged), len(left), len(seen))
