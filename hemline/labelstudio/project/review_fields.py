"""What a label config needs for reviews: the reasons above the photo, the verdict below it.

The header has no name, so Label Studio does not ask each task for the field that it shows: tasks
without it are imported and opened as before.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config

PRIORITY_FIELD = "review_priority"  # in a task's data: 0 to 1, what the tab is ordered by
REASON_FIELD = "review_reason"  # in a task's data: why a person should look, in words
CORRECTOR_FIELD = "to_correct_by"  # who a label was sent back to, as their tab asks
COMMENT_FIELD = "review_comment"  # why it was sent back
DRAWER_FIELD = "to_draw_by"  # who a blind twin was asked of, as their tab asks
CONTROL = "verdict"
HEADER = f'<Header value="${REASON_FIELD}" size="6"/>'

# What is stored, and what the reviewer reads and chooses.
VERDICT_WORDS: Mapping[str, str] = {
    "label_wrong": "label was wrong",
    "model_wrong": "model was wrong",
    "both_fine": "both fine",
    "photo_fault": "photo fault: reshoot",
}
_OPENING = re.compile(r"\s*(?:<\?xml[^>]*\?>)?(?:\s|<!--.*?-->)*<View\b[^>]*(?<!/)>", re.DOTALL)
_ADDED = re.compile(
    rf"""\s*<Header\b[^>]*\${REASON_FIELD}[^>]*/>"""
    rf"""|\s*<Choices\b[^>]*\bname=["']{CONTROL}["'][^>]*>.*?</Choices>""",
    re.DOTALL,
)
_STORED = {words: stored for stored, words in VERDICT_WORDS.items()}


def add_review_fields(xml: str) -> str:
    """The label config with a header for the reason and the choice of a verdict.

    What it has already is not added again, and nothing else is changed.

    Raises:
        LabelConfigError: it cannot be pre-filled, has no <View> around it, or has a control of
            another kind that is named "verdict".
    """
    to_name = parse_label_config(xml).to_name
    opening = _OPENING.match(xml)
    closing = xml.rfind("</View>")
    if opening is None or closing < 0:
        raise LabelConfigError("label config has no <View> around it; put one around all its tags")
    if not _has_header(xml):
        xml = f"{xml[: opening.end()]}\n  {HEADER}{xml[opening.end() :]}"
    if not _has_choices(xml):
        closing = xml.rfind("</View>")
        xml = f"{xml[:closing].rstrip()}\n{_choices(to_name)}{xml[closing:]}"
    parse_label_config(xml)
    return xml


def without_review_fields(xml: str) -> str:
    """The label config without the reason and the verdict."""
    return _ADDED.sub("", xml)


def has_review_fields(xml: str) -> bool:
    """Whether tasks show why they are to be reviewed and ask for a verdict."""
    return _has_header(xml) and re.search(_named_control("Choices"), xml) is not None


def verdict_in(result: Sequence[Any]) -> str | None:
    """The verdict that an annotation's result carries, as it is stored; None if it has none.

    Of several the last one counts, as the editor shows it.
    """
    found = None
    for region in result:
        if not isinstance(region, dict) or region.get("type") != "choices":
            continue
        value = region.get("value")
        if region.get("from_name") != CONTROL or not isinstance(value, dict):
            continue
        chosen = value.get("choices")
        for words in chosen if isinstance(chosen, list) else [chosen]:
            found = _STORED.get(words, found) if isinstance(words, str) else found
    return found


def review_data(priority: float, reason: str) -> dict[str, Any]:
    """What a task's data gets so that the tab can be ordered and the header says why."""
    return {PRIORITY_FIELD: round(priority, 4), REASON_FIELD: reason}


def _has_header(xml: str) -> bool:
    return f"${REASON_FIELD}" in xml


def _has_choices(xml: str) -> bool:
    if re.search(_named_control("Choices"), xml):
        return True
    if re.search(_named_control(r"\w+"), xml):
        raise LabelConfigError(
            f'label config has another control named "{CONTROL}"; rename it so that reviewers can '
            "give verdicts"
        )
    return False


def _named_control(tag: str) -> str:
    return rf"""<{tag}\b[^>]*\bname=["']{CONTROL}["']"""


def _choices(to_name: str) -> str:
    # Without keys of their own the editor gives them keys that labels or its tools may have.
    choices = "".join(
        f'    <Choice value="{words}" hotkey="shift+{number}"/>\n'
        for number, words in enumerate(VERDICT_WORDS.values(), start=1)
    )
    return (
        f'  <Choices name="{CONTROL}" toName="{to_name}" choice="single-radio" showInline="true">\n'
        f"{choices}  </Choices>\n"
    )
