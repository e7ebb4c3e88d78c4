"""The buttons below a flagged image: fine, to review, to its annotator, reshoot, and back again."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, say, see
from backend.dashboard.login.access import current_person, needs
from backend.dashboard.review.reasons import VERDICT_TITLES
from backend.dashboard.words import ago
from backend.services import BackendServices
from hemline.errors import StoreError
from hemline.store.people import record_event
from hemline.store.review.blind_twins import ask_for_twin
from hemline.store.review.returned import send_back, take_back
from hemline.store.review.review_order import get_item
from hemline.store.review.verdicts import StaleItemError, give_verdict
from hemline.store.states import ReviewKind, ReviewState, Role, Verdict
from hemline.store.tables.loop import Project
from hemline.store.tables.review import ReviewItem

_BACK = "back"  # takes a verdict back
_TO_ANNOTATOR = "annotator"  # sends the label back to the one who made it
_TWIN = "twin"  # has somebody else draw the photo
# What the page says that the task does then, and the log that a person did.
_OTHERS = {
    _BACK: ("is open again", "take verdict back"),
    _TO_ANNOTATOR: ("goes back to its annotator", "send back"),
    _TWIN: ("will be drawn a second time", "ask for blind twin"),
}


@dataclass(frozen=True, slots=True)
class Action:
    """A button: what it sends, what it says, which verdict it is in each order."""

    name: str
    title: str
    done: str
    meaning: str
    for_label: Verdict
    for_photo: Verdict

    def verdict(self, kind: ReviewKind) -> Verdict:
        return self.for_label if kind is ReviewKind.LABEL else self.for_photo


ACTIONS = (
    Action(
        "fine",
        "Mark fine",
        "is marked fine",
        "Nothing needs to be done (1)",
        Verdict.BOTH_FINE,
        Verdict.BOTH_FINE,
    ),
    Action(
        "review",
        "Send to review",
        "is sent to review",
        "The mask is wrong and must be corrected in Label Studio (2)",
        Verdict.LABEL_WRONG,
        Verdict.MODEL_WRONG,
    ),
    Action(
        "reshoot",
        "Reshoot",
        "waits for a new photo",
        "The photo itself is the problem (3)",
        Verdict.PHOTO_FAULT,
        Verdict.PHOTO_FAULT,
    ),
)
_BY_NAME = {action.name: action for action in ACTIONS}


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.post("/<int:project>/flagged")
    @needs(Role.REVIEWER)
    def judge(project: int) -> ResponseReturnValue:
        """Does what a button says, once; the second of two people is told who was faster."""
        row = known_project(services, project)
        item_id, revision, name = _pressed(request.form.get("do", ""))
        try:
            item, task = _act(services, row, item_id, revision, name)
        except StaleItemError:
            item = _known(services, row, item_id)
            task = item.task.ls_task_id
            return _answer(row, item, task, _faster(item, task), is_done=False)
        return _answer(row, item, task, f"Task {task} {_done(name)}.", is_done=True)


def _pressed(text: str) -> tuple[int, int, str]:
    """Item, the revision that was seen, and the action, out of a button's value."""
    number, _, rest = text.partition(" ")
    revision, _, name = rest.partition(" ")
    known = name in _OTHERS or name in _BY_NAME
    if not (
        known
        and number.isdecimal()
        and revision.isdecimal()
        and len(number) < 10
        and len(revision) < 10
    ):
        abort(400, "nothing was changed: the page sent an unknown action; reload it")
    return int(number), int(revision), name


def _done(name: str) -> str:
    return _OTHERS[name][0] if name in _OTHERS else _BY_NAME[name].done


def _act(
    services: BackendServices, project: Project, item_id: int, revision: int, name: str
) -> tuple[ReviewItem, int]:
    """The item as it is after the action, and Label Studio's number of its task."""
    person = current_person().name
    with services.store.session() as session:
        item = get_item(session, item_id)
        if item is None or item.project_id != project.id:
            raise StoreError("this image is no longer in the order; reload the page")
        task = item.task.ls_task_id
        if name == _BACK:
            changed = take_back(session, item_id, revision=revision)
            details: dict[str, Any] = {"order": item.kind}
        elif name == _TO_ANNOTATOR:
            comment = request.form.get("comment", "")
            sent = send_back(session, item_id, by=person, comment=comment, revision=revision)
            session.refresh(item)
            changed = item
            details = {"to": sent.annotator, "comment": sent.comment}
        elif name == _TWIN:
            ask_for_twin(session, item.task, by=person)
            changed, details = item, {}
        else:
            verdict = _BY_NAME[name].verdict(item.kind)
            changed = give_verdict(session, item_id, verdict, by=person, revision=revision)
            details = {"order": item.kind, "verdict": verdict}
        record_event(
            session,
            person,
            _in_the_log(name),
            project_id=project.id,
            target=f"task {task}",
            details=details,
        )
        return changed, task


def _in_the_log(name: str) -> str:
    return _OTHERS[name][1] if name in _OTHERS else _BY_NAME[name].title.lower()


def _known(services: BackendServices, project: Project, item_id: int) -> ReviewItem:
    with services.store.reading() as session:
        item = get_item(session, item_id)
    if item is None or item.project_id != project.id:
        raise StoreError("this image is no longer in the order; reload the page")
    return item


def _faster(item: ReviewItem, task: int) -> str:
    """What happened to the item meanwhile."""
    what = f"Task {task}"
    if item.verdict is not None and item.verdict_by:
        who = "you" if item.verdict_by == current_person().name else item.verdict_by
        when = ago(item.verdict_at)
        return (
            f"{what} has already been judged: {VERDICT_TITLES[item.verdict]}, by {who}, {when}. "
            "Nothing was changed; look at it again."
        )
    return f"{what} has changed since you saw it. Nothing was changed; look at it again."


def _answer(
    project: Project, item: ReviewItem, task: int, sentence: str, *, is_done: bool
) -> ResponseReturnValue:
    """JSON for the page's script; else the page that the button stood on, with the sentence."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(
            done=is_done,
            sentence=sentence,
            item=item.id,
            revision=item.revision,
            is_open=item.state is ReviewState.OPEN,
        )
    say(sentence)
    kept = request.args.to_dict()
    if request.form.get("page") == "image":
        return see("image", project=project.ls_project_id, task=task, **kept)
    return see("gallery", project=project.ls_project_id, **kept)
