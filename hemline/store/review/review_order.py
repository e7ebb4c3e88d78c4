"""The review order: what a person should look at first, a page at a time, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select, tuple_
from sqlalchemy.orm import Session, joinedload

from hemline.errors import StoreError
from hemline.reasons import Reason
from hemline.store.database.json_keys import has_key
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Annotation, Prediction, Task
from hemline.store.tables.review import ReviewItem

_MOST_AT_ONCE = 1000
_OF_TASKS = ("garment", "garment_type", "view", "photo_session")
_FEW = 2000  # tasks
_SHUFFLE, _STEP, _PRIME = 1_103_515_245, 1_664_525, 2**31 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A cursor in the order: the last item of a page, after which the next page begins."""

    priority: float
    item_id: int

    def __str__(self) -> str:
        return f"{self.priority!r}_{self.item_id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor that `str` wrote. Raises StoreError if it is none."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e-\d+)?)_(\d{1,18})", text, re.ASCII)
        if found is None:
            raise StoreError(
                f"{text[:60]!r} is not a place in the review order; start from the first page"
            )
        return cls(float(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which items of an order are wanted; what is None is not looked at."""

    state: ReviewState | None = ReviewState.OPEN
    reason: Reason | None = None
    verdict: Verdict | None = None
    garment: str | None = None
    garment_type: str | None = None
    view: str | None = None
    photo_session: str | None = None
    annotator: str | None = None  # of the label that the item is about
    model_version_id: int | None = None  # of the prediction that the item is about
    label: str | None = None  # that the prediction has a region of
    least_priority: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Items in order, the highest priority first, and where the pages beside it begin.

    Each item comes with its task, its annotation and its prediction with the model version.
    `after` leads to the next page and `before` to the one before; None: there is none.
    """

    items: Sequence[ReviewItem]
    after: Cursor | None
    before: Cursor | None


@dataclass(frozen=True, slots=True)
class ReasonCounts:
    """How many items have each reason, several at once, and none.

    `together` counts each set of reasons that occurs; the numbers of `each` overlap.
    """

    total: int
    each: dict[Reason, int]
    together: dict[frozenset[Reason], int]

    def share(self, reason: Reason) -> float:
        """Share of the items with that reason, 0 to 1."""
        return self.each[reason] / self.total if self.total else 0.0


def review_page(
    session: Session,
    project_id: int,
    kind: ReviewKind,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    limit: int = 50,
    only: ReviewFilter | None = None,
) -> ReviewPage:
    """The items that come right after a place in the order, or right before it; at most `limit`
    (1000). Without a place, the first ones."""
    limit = max(1, min(limit, _MOST_AT_ONCE))
    only = only or ReviewFilter()
    task_ids = _few_tasks(session, project_id, only)
    order = (ReviewItem.priority, ReviewItem.id)
    found: list[ReviewItem] = []
    for state in _states(only):  # each state has an order of its own, and no index has both
        statement = _chosen(select(ReviewItem), project_id, kind, only, task_ids)
        statement = statement.where(ReviewItem.state == state)
        if before is not None:
            statement = statement.where(tuple_(*order) > tuple_(before.priority, before.item_id))
            statement = statement.order_by(*(column.asc() for column in order))
        else:
            if after is not None:
                statement = statement.where(tuple_(*order) < tuple_(after.priority, after.item_id))
            statement = statement.order_by(*(column.desc() for column in order))
        found += session.scalars(statement.limit(limit + 1).options(*_with_all()))
    found.sort(key=lambda item: (item.priority, item.id), reverse=before is None)
    items, is_more = found[:limit], len(found) > limit
    if before is not None:
        items.reverse()
    has_next, has_previous = (True, is_more) if before is not None else (is_more, after is not None)
    return ReviewPage(
        items,
        after=_cursor_of(items[-1]) if items and has_next else None,
        before=_cursor_of(items[0]) if items and has_previous else None,
    )


def drawn_items(
    session: Session, project_id: int, kind: ReviewKind, *, limit: int, seed: int = 0
) -> Sequence[ReviewItem]:
    """Open items from all of an order, each as likely as any other; the same seed, the same ones.

    Looks at every open item: a second for a million.
    """
    prime = cast(_PRIME, BigInteger)
    place = (cast(ReviewItem.id, BigInteger) * _SHUFFLE + (seed * _STEP) % _PRIME) % prime
    shuffled = (place * place) % prime  # below 2**62; squares follow no line, as multiples would
    statement = (
        _chosen(select(ReviewItem), project_id, kind, ReviewFilter())
        .order_by(shuffled, ReviewItem.id)
        .limit(limit)
        .options(*_with_all())
    )
    return session.scalars(statement).all()


def count_reasons(
    session: Session, project_id: int, kind: ReviewKind, only: ReviewFilter | None = None
) -> ReasonCounts:
    """How many items have which reasons. Counts them all: a second for a million."""
    columns = [reason_column(reason) for reason in Reason]
    statement = _chosen(
        select(*columns, func.count()), project_id, kind, only or ReviewFilter()
    ).group_by(*columns)
    together = {
        frozenset(reason for reason, held in zip(Reason, row, strict=False) if held): row[-1]
        for row in session.execute(statement)
    }
    each = {
        reason: sum(number for held, number in together.items() if reason in held)
        for reason in Reason
    }
    return ReasonCounts(sum(together.values()), each, together)


def get_item(session: Session, item_id: int) -> ReviewItem | None:
    """The item with its task, its annotation and its prediction."""
    return session.get(ReviewItem, item_id, options=_with_all())


def item_of_task(session: Session, task_id: int, kind: ReviewKind) -> ReviewItem | None:
    """The task's item in one of the two orders, with all that belongs to it."""
    return session.scalar(
        select(ReviewItem)
        .where(ReviewItem.task_id == task_id, ReviewItem.kind == kind)
        .options(*_with_all())
    )


def rank_of(session: Session, item: ReviewItem) -> int:
    """The item's number among the open ones of its order, 1 is the first. Counts those before."""
    before = _chosen(
        select(func.count()).select_from(ReviewItem), item.project_id, item.kind, ReviewFilter()
    ).where(tuple_(ReviewItem.priority, ReviewItem.id) > tuple_(item.priority, item.id))
    return 1 + (session.scalar(before) or 0)


def reasons_of(item: ReviewItem) -> list[Reason]:
    """The item's reasons, in the order in which they are told to people."""
    return [reason for reason in Reason if getattr(item, reason.value)]


def reason_column(reason: Reason) -> Any:
    """The column that says whether an item has the reason."""
    return getattr(ReviewItem, reason.value)


def _states(only: ReviewFilter) -> Sequence[ReviewState]:
    if only.state is not None:
        return (only.state,)
    return tuple(ReviewState) if only.verdict is None else (ReviewState.CLOSED,)


def _few_tasks(session: Session, project_id: int, only: ReviewFilter) -> Sequence[int] | None:
    """The tasks that the filter leaves, if they are few: their items are looked up.

    Of many, the first ones are met soon on the way down the order; few would be looked for in all
    of it.
    """
    of_task = {name: getattr(only, name) for name in _OF_TASKS}
    wanted = {name: value for name, value in of_task.items() if value is not None}
    statement = select(Task.id).where(Task.project_id == project_id)
    for name, value in wanted.items():
        statement = statement.where(getattr(Task, name) == value)
    if only.annotator is not None:
        annotated = select(Annotation.task_id).where(
            Annotation.project_id == project_id, Annotation.annotator == only.annotator
        )
        statement = statement.where(Task.id.in_(annotated)) if wanted else annotated
    elif not wanted:
        return None
    ids = session.scalars(statement.limit(_FEW + 1)).all()
    return ids if len(ids) <= _FEW else None


def _chosen(
    statement: Select[Any],
    project_id: int,
    kind: ReviewKind,
    only: ReviewFilter,
    task_ids: Sequence[int] | None = None,
) -> Select[Any]:
    # SQLite would walk down the whole order for the items of a few tasks; there is no index of a
    # sum.
    of_project = ReviewItem.project_id if task_ids is None else ReviewItem.project_id + 0
    conditions: list[ColumnElement[bool]] = [of_project == project_id, ReviewItem.kind == kind]
    if task_ids is not None:
        conditions.append(ReviewItem.task_id.in_(task_ids))
    if only.state is not None:
        conditions.append(ReviewItem.state == only.state)
    if only.least_priority is not None:
        conditions.append(ReviewItem.priority >= only.least_priority)
    if only.reason is not None:
        conditions.append(reason_column(only.reason))
    if only.verdict is not None:
        conditions.append(ReviewItem.verdict == only.verdict)
    of_task = {name: getattr(only, name) for name in _OF_TASKS}
    if any(value is not None for value in of_task.values()):
        statement = statement.join(Task, Task.id == ReviewItem.task_id)
        conditions += [
            getattr(Task, name) == value for name, value in of_task.items() if value is not None
        ]
    if only.annotator is not None:
        statement = statement.join(Annotation, Annotation.id == ReviewItem.annotation_id)
        conditions.append(Annotation.annotator == only.annotator)
    return _of_prediction(statement, only, conditions)


def _of_prediction(
    statement: Select[Any], only: ReviewFilter, conditions: list[ColumnElement[bool]]
) -> Select[Any]:
    """The items that fulfil the conditions, and those of the filter on the prediction."""
    if only.model_version_id is not None or only.label is not None:
        statement = statement.join(Prediction, Prediction.id == ReviewItem.prediction_id)
    if only.model_version_id is not None:
        conditions.append(Prediction.model_version_id == only.model_version_id)
    if only.label is not None:
        conditions.append(has_key(Prediction.region_scores, only.label))
    return statement.where(*conditions)


def _cursor_of(item: ReviewItem) -> Cursor:
    return Cursor(item.priority, item.id)


def _with_all() -> tuple[Any, ...]:
    return (
        joinedload(ReviewItem.task),
        joinedload(ReviewItem.annotation),
        joinedload(ReviewItem.prediction).joinedload(Prediction.model_version),
    )
