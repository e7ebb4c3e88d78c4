"""What an evaluation's stored figures say: by class, by view, and photo by photo."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import Any

from hemline.masks.figures.statistics import mean_interval
from hemline.store.reports.task_view import JudgedMask, TaskView
from hemline.store.tables.loop import Evaluation


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """One gold photo: Dice of the version and of the champion it was judged against, 0 to 1.

    `mask` and `champion_mask` are digests of the masks that were compared, where they were kept.
    """

    ls_task_id: int | None
    garment: str
    dice: float
    champion_dice: float | None
    labels: Mapping[str, float]
    champion_labels: Mapping[str, float]
    mask: str | None = None
    champion_mask: str | None = None

    @property
    def change(self) -> float:
        return self.dice - (self.champion_dice or 0.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Photos of one class or view: means, and the mean difference with its 95 % interval.

    `loss_p` is the p of the paired test over garments that the class was lost, corrected for the
    number of classes, and `is_lost` what it came to; None of a view, and where it was not tested.
    """

    name: str
    photos: int
    dice: float
    champion_dice: float | None
    difference: float | None
    interval: tuple[float, float] | None
    loss_p: float | None = None
    is_lost: bool = False


def read_items(evaluation: Evaluation) -> list[EvaluationItem]:
    """The photos of an evaluation. What an older version of Hemline did not store is left out."""
    items = (_item(row) for row in evaluation.figures.get("items") or ())
    return [item for item in items if item is not None]


def by_class(
    items: Sequence[EvaluationItem], changes: Mapping[str, Any] = MappingProxyType({})
) -> list[Group]:
    """A group for each class, over the photos where either mask has it; `changes` are the
    "labels" of the evaluation's figures."""
    pairs: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for item in items:
        for name, value in item.labels.items():
            pairs[name].append((value, item.champion_labels.get(name)))
    return [_tested(_group(name, pairs[name]), changes.get(name)) for name in sorted(pairs)]


def by_view(items: Sequence[EvaluationItem], view_of: Callable[[int | None], str]) -> list[Group]:
    """A group for each view."""
    pairs: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
    for item in items:
        pairs[view_of(item.ls_task_id)].append((item.dice, item.champion_dice))
    return [_group(name, pairs[name]) for name in sorted(pairs)]


def better_and_worse(
    items: Iterable[EvaluationItem], number: int
) -> tuple[list[EvaluationItem], list[EvaluationItem]]:
    """The photos that changed most for the better and for the worse, at most `number` of each."""
    changed = sorted(
        (item for item in items if item.champion_dice is not None), key=lambda item: item.change
    )
    better = [item for item in reversed(changed) if item.change > 0][:number]
    return better, [item for item in changed if item.change < 0][:number]


def judged_view(
    shown: TaskView, evaluation: Evaluation | None, *, is_champions: bool
) -> TaskView | None:
    """The view with the mask that was judged in place of the prediction; None: it was not kept."""
    for item in read_items(evaluation) if evaluation is not None else ():
        digest = item.champion_mask if is_champions else item.mask
        if evaluation is not None and item.ls_task_id == shown.task.ls_task_id and digest:
            return replace(shown, judged=JudgedMask(evaluation.id, is_champions, digest))
    return None


def _group(name: str, pairs: Sequence[tuple[float, float | None]]) -> Group:
    both = [(mine, theirs) for mine, theirs in pairs if theirs is not None]
    differences = [mine - theirs for mine, theirs in both]
    return Group(
        name=name,
        photos=len(pairs),
        dice=sum(mine for mine, _ in pairs) / len(pairs),
        champion_dice=sum(theirs for _, theirs in both) / len(both) if both else None,
        difference=sum(differences) / len(both) if both else None,
        interval=mean_interval(differences) if both else None,
    )


def _tested(group: Group, change: Any) -> Group:
    if not isinstance(change, Mapping):
        return group
    is_lost = change.get("is_lost") is True
    return replace(group, loss_p=_number(change.get("loss_p")), is_lost=is_lost)


def _item(row: Any) -> EvaluationItem | None:
    dice = _number(row.get("dice")) if isinstance(row, Mapping) else None
    if dice is None:
        return None
    task = str(row.get("id", "")).removeprefix("task-")
    return EvaluationItem(
        ls_task_id=int(task) if task.isdecimal() and len(task) < 10 else None,
        garment=str(row.get("garment", "")),
        dice=dice,
        champion_dice=_number(row.get("champion_dice")),
        labels=_numbers(row.get("labels")),
        champion_labels=_numbers(row.get("champion_labels")),
        mask=_digest(row.get("mask")),
        champion_mask=_digest(row.get("champion_mask")),
    )


def _numbers(values: Any) -> dict[str, float]:
    if not isinstance(values, Mapping):
        return {}
    read = {str(name): _number(value) for name, value in values.items()}
    return {name: value for name, value in read.items() if value is not None}


def _digest(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None
