"""The filter of the review pages: read from an address leniently, and written into links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hemline.errors import StoreError
from hemline.reasons import Reason
from hemline.store.review.review_order import Cursor, ReviewFilter
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import ModelVersion

_ORDERS = {"labels": ReviewKind.LABEL, "photos": ReviewKind.PHOTO}
_STATES: Mapping[str, ReviewState | None] = {
    "open": ReviewState.OPEN,
    "closed": ReviewState.CLOSED,
    "all": None,
}
# The name in the address, and the field of ReviewFilter.
_TEXTS = {
    "garment": "garment",
    "type": "garment_type",
    "view": "view",
    "session": "photo_session",
    "annotator": "annotator",
    "label": "label",
}
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for.

    Attributes:
        is_worth_a_look: whether of labels only those are wanted that are worth a look.
        query: the filter as an address has it, without the place; what is not said is the default.
        problems: sentences about what could not be understood and is left out.
    """

    kind: ReviewKind
    only: ReviewFilter
    after: Cursor | None
    before: Cursor | None
    query: dict[str, str]
    is_worth_a_look: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order is chosen."""
        return bool(set(self.query) - {"order"})


def read_filter(
    given: Mapping[str, str], versions: Sequence[ModelVersion], labels: Sequence[str]
) -> Asked:
    """The filter of an address; what makes no sense is left out and said."""
    query: dict[str, str] = {}
    problems: list[str] = []
    values: dict[str, Any] = {}

    def choose(name: str, choices: Mapping[str, Any], default: str | None) -> Any:
        text = given.get(name, "").strip()
        if text in choices:
            if text != default:
                query[name] = text
            return choices[text]
        if text:
            problems.append(
                f"Unknown {name} '{text[:60]}' was ignored; "
                f"choose from {', '.join(choices) or 'none yet'}."
            )
        return choices[default] if default is not None else None

    kind = choose("order", _ORDERS, "labels")
    worth = choose("look", {"worth": True, "all": False}, "all")
    values["state"] = choose("state", _STATES, "open")
    values["reason"] = choose("reason", {reason.value: reason for reason in Reason}, None)
    values["verdict"] = choose("verdict", {verdict.value: verdict for verdict in Verdict}, None)
    numbers = {str(version.number): version.id for version in versions}
    values["model_version_id"] = choose("version", numbers, None)
    if given.get("label", "") not in ("", *labels):
        choose("label", dict.fromkeys(labels), None)
        given = {name: text for name, text in given.items() if name != "label"}
    for name, column in _TEXTS.items():
        # As it is stored, spaces at its ends too, but for the one that people type.
        text = given.get(name, "").replace("\r\n", "\n")[:_LONGEST]
        text = text.strip() if name == "garment" else text
        if text.strip():
            values[column] = query[name] = text
    places = {name: _cursor(given.get(name, ""), problems) for name in ("after", "before")}
    if values["verdict"] is not None and "state" not in query and not given.get("state"):
        values["state"] = None  # an item with a verdict is closed
    return Asked(
        kind, ReviewFilter(**values), places["after"], places["before"], query, worth, problems
    )


def _cursor(text: str, problems: list[str]) -> Cursor | None:
    if not text:
        return None
    try:
        return Cursor.parse(text)
    except StoreError:
        problems.append(f"'{text[:60]}' is not a page, so this is the first one.")
        return None
