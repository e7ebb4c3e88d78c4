"""Labels that are sent back to the one who made them, and what becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.errors import StoreError
from hemline.store.database.clock import database_now
from hemline.store.database.columns import Json
from hemline.store.review.review_order import get_item
from hemline.store.review.verdicts import give_verdict, reopen
from hemline.store.states import ReturnState, ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Annotation, Project, Task
from hemline.store.tables.review import ReviewItem
from hemline.store.tables.second_looks import ReturnedLabel

LONGEST_COMMENT = 500  # characters
_TO_SHOW = or_(
    ReturnedLabel.state == ReturnState.WAITING,
    ReturnedLabel.shown_to.is_not(None),
)


@dataclass(frozen=True, slots=True)
class ReturnCounts:
    """How many labels of one annotator were sent back, by what became of them."""

    waiting: int = 0
    corrected: int = 0
    unchanged: int = 0


def send_back(
    session: Session, item_id: int, *, by: str, comment: str = "", revision: int | None = None
) -> ReturnedLabel:
    """Sends an item's label back to its annotator, with the verdict that it is wrong unless that
    was given before.

    Raises:
        StaleItemError: the item is another than at `revision` by now.
        StoreError: there is no such item, it is about no label, nobody knows who made it, it has
            another verdict, it waits already, or the comment is too long.
    """
    item = get_item(session, item_id)
    if item is None:
        raise StoreError(f"review item {item_id} is not in the store; reload the order")
    task, annotation = item.task.ls_task_id, item.annotation
    if item.kind != ReviewKind.LABEL or annotation is None:
        raise StoreError(f"task {task} has no label that could be sent back")
    if not annotation.annotator:
        raise StoreError(
            f"nobody knows who made the label of task {task}; send it to review instead"
        )
    comment = " ".join(comment.split())
    if len(comment) > LONGEST_COMMENT:
        raise StoreError(
            f"the comment has {len(comment)} characters; give at most {LONGEST_COMMENT}"
        )
    if item.state == ReviewState.OPEN:
        give_verdict(session, item_id, Verdict.LABEL_WRONG, by=by, revision=revision)
    elif item.verdict != Verdict.LABEL_WRONG:
        raise StoreError(f"task {task} has another verdict; take it back first")
    if _waiting_of(session, item.task_id):
        raise StoreError(f"the label of task {task} waits for {annotation.annotator} already")
    sent = ReturnedLabel(
        project_id=item.project_id,
        task_id=item.task_id,
        annotation_id=annotation.id,
        annotator=annotation.annotator,
        content_digest=item.content_digest,
        saved_at=annotation.ls_updated_at,
        comment=comment,
        sent_by=by,
    )
    session.add(sent)
    session.flush()
    return sent


def returned_saved(session: Session, saved: Annotation, *, by: str) -> None:
    """Ends the wait for a label that was saved again: by its annotator, or with another mask.

    A mask that cannot be used, or is held as lost work, ends nothing.
    """
    for row in _waiting_of(session, saved.task_id):
        is_same = saved.id == row.annotation_id
        if is_same and saved.was_cancelled:
            _end(session, row, ReturnState.WITHDRAWN)
        elif saved.mask_digest is None or not (is_same or saved.annotator == row.annotator):
            continue
        elif saved.mask_digest != row.content_digest:
            _end(session, row, ReturnState.CORRECTED)
        elif _is_later(saved, row) and by == row.annotator:
            _end(session, row, ReturnState.UNCHANGED)


def take_back(session: Session, item_id: int, *, revision: int | None = None) -> ReviewItem:
    """Takes an item's verdict back, and its label from who it was sent back to. Raises as
    `give_verdict`."""
    item = reopen(session, item_id, revision=revision)
    if item.kind == ReviewKind.LABEL:
        withdraw_returns(session, item.task_id)
    return item


def withdraw_returns(session: Session, task_id: int, annotation_id: int | None = None) -> None:
    """Nobody waits for the task's label any more, or for that one alone: its verdict was taken
    back, or it is gone."""
    for row in _waiting_of(session, task_id):
        if annotation_id is None or row.annotation_id == annotation_id:
            _end(session, row, ReturnState.WITHDRAWN)


def returns_to_show(session: Session, project_id: int) -> Sequence[ReturnedLabel]:
    """Those that wait, and those that Label Studio still shows in a tab; with their tasks."""
    return session.scalars(
        select(ReturnedLabel)
        .where(ReturnedLabel.project_id == project_id, _TO_SHOW)
        .order_by(ReturnedLabel.id)
        .options(joinedload(ReturnedLabel.task))
    ).all()


def projects_with_returns(session: Session) -> Sequence[Project]:
    """Those that have any for `returns_to_show`."""
    any_to_show = exists().where(ReturnedLabel.project_id == Project.id, _TO_SHOW)
    return session.scalars(select(Project).where(any_to_show).order_by(Project.id)).all()


def keep_shown_to(session: Session, row: ReturnedLabel, data: Json | None, to: str | None) -> None:
    """Remembers whose tab shows the label (None: none does), and the task's data as Label Studio
    has it now, where it was changed."""
    session.execute(update(ReturnedLabel).where(ReturnedLabel.id == row.id).values(shown_to=to))
    if data is not None:
        session.execute(update(Task).where(Task.id == row.task_id).values(data=data))


def waiting_comments(session: Session, task_ids: Sequence[int]) -> dict[int, str]:
    """The comment of each of these tasks whose label was sent back and waits."""
    rows = session.execute(
        select(ReturnedLabel.task_id, ReturnedLabel.comment).where(
            ReturnedLabel.task_id.in_(task_ids), ReturnedLabel.state == ReturnState.WAITING
        )
    )
    return {row[0]: row[1] for row in rows}


def returns_of_task(session: Session, task_id: int) -> Sequence[ReturnedLabel]:
    """All that were sent back of one task, newest first."""
    return session.scalars(
        select(ReturnedLabel)
        .where(ReturnedLabel.task_id == task_id)
        .order_by(ReturnedLabel.id.desc())
    ).all()


def count_returns(session: Session, project_id: int) -> dict[str, ReturnCounts]:
    """What was sent back to each annotator; what was withdrawn is not counted."""
    rows = session.execute(
        select(ReturnedLabel.annotator, ReturnedLabel.state, func.count())
        .where(
            ReturnedLabel.project_id == project_id,
            ReturnedLabel.state != ReturnState.WITHDRAWN,
        )
        .group_by(ReturnedLabel.annotator, ReturnedLabel.state)
    )
    found: dict[str, dict[str, int]] = {}
    for annotator, state, number in rows:
        found.setdefault(annotator, {})[state.value] = number
    return {name: ReturnCounts(**counts) for name, counts in sorted(found.items())}


def _waiting_of(session: Session, task_id: int) -> Sequence[ReturnedLabel]:
    return session.scalars(
        select(ReturnedLabel).where(
            ReturnedLabel.task_id == task_id, ReturnedLabel.state == ReturnState.WAITING
        )
    ).all()


def _end(session: Session, row: ReturnedLabel, state: ReturnState) -> None:
    row.state, row.ended_at = state, database_now(session)
    session.flush()


def _is_later(saved: Annotation, row: ReturnedLabel) -> bool:
    before, now = row.saved_at, saved.ls_updated_at
    return now is not None and (before is None or now > before)
