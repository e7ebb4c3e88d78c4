"""The Data Manager's tabs: what to label next, and which labels to look at again."""

from collections.abc import Sequence

from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.project.review_fields import CORRECTOR_FIELD, DRAWER_FIELD, PRIORITY_FIELD

TO_LABEL = "To label"
REVIEW = "Review"
# Tabs of one person, whose name follows, and the field that names them
TO_CORRECT = "To correct: "
TO_DRAW = "To draw: "
_FIELDS = {TO_CORRECT: CORRECTOR_FIELD, TO_DRAW: DRAWER_FIELD}
_ALL = "All tasks"
# Columns that say nothing for masks; a person can show them again.
_HIDDEN = [
    "tasks:inner_id",
    "tasks:file_upload",
    "tasks:storage_filename",
    "tasks:annotations_results",
    "tasks:predictions_results",
    "tasks:annotators",
    "tasks:annotations_ids",
    "tasks:draft_exists",
    "tasks:created_at",
    "tasks:updated_at",
    "tasks:updated_by",
    "tasks:avg_lead_time",
    "tasks:completed_at",
    "tasks:cancelled_annotations",
    "tasks:total_predictions",
]


def ensure_tabs(client: LabelStudioClient, project_id: int, *, review: bool) -> None:
    """Makes the tabs that are missing; those that people changed are left alone.

    `review`: with the tab of labels that may be wrong, which needs the review fields.
    """
    _ensure(client, project_id, [to_label_tab(), review_tab()] if review else [to_label_tab()])


def ensure_tab_of(client: LabelStudioClient, project_id: int, title: str, name: str) -> None:
    """Makes the tab of the tasks that wait for one person, if it is missing. It stays when it is
    empty, for the next ones. `title`: TO_CORRECT or TO_DRAW."""
    _ensure(client, project_id, [_tab_of(title, name)])


def to_label_tab() -> Json:
    """Tasks without an annotation, by rising prediction score: 0 is the most uncertain."""
    return {
        "title": TO_LABEL,
        "ordering": ["tasks:predictions_score"],
        "filters": _only("total_annotations", "equal", 0),
        "hiddenColumns": _hidden(),
    }


def review_tab() -> Json:
    """Labels that may be wrong, by falling priority; only the top of the order has one.

    A project whose tasks have none yet shows an empty tab, without an error.
    """
    column = f"data.{PRIORITY_FIELD}"
    return {
        "title": REVIEW,
        "ordering": [f"tasks:-{column}"],
        "columnsDisplayType": {f"tasks:{column}": "Number"},
        "filters": _only(column, "greater", 0),
        "hiddenColumns": _hidden(),
    }


def _ensure(client: LabelStudioClient, project_id: int, tabs: Sequence[Json]) -> None:
    views = client.list_views(project_id)
    known = {view["data"].get("title") for view in views}
    if not views:
        # The first tab that exists takes the place of the one Label Studio would have made.
        client.create_view(project_id, {"title": _ALL, "hiddenColumns": _hidden()})
    for tab in tabs:
        if tab["title"] not in known:
            client.create_view(project_id, tab)


def _tab_of(title: str, name: str) -> Json:
    column = f"tasks:data.{_FIELDS[title]}"
    item = {"filter": f"filter:{column}", "operator": "equal", "type": "String", "value": name}
    return {
        "title": f"{title}{name}",
        "filters": {"conjunction": "and", "items": [item]},
        "hiddenColumns": _hidden(),
    }


def _only(column: str, operator: str, value: float) -> Json:
    """A filter on a column of numbers."""
    item = {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": "Number",
        "value": value,
    }
    return {"conjunction": "and", "items": [item]}


def _hidden() -> Json:
    return {"explore": _HIDDEN, "labeling": _HIDDEN}
