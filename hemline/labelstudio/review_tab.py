"""The Data Manager tab that lists what most needs a person, the most uncertain photo first."""

from hemline.labelstudio.client import Json, LabelStudioClient

TITLE = "Review"
_ALL_TITLE = "All tasks"
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


def ensure_review_tab(client: LabelStudioClient, project_id: int) -> int:
    """The id of the tab, which is made if it is missing; one that people changed is left alone."""
    views = client.list_views(project_id)
    for view in views:
        if view["data"].get("title") == TITLE:
            return int(view["id"])
    if not views:
        # The first tab that exists takes the place of the one Label Studio would have made.
        client.create_view(project_id, {"title": _ALL_TITLE, "hiddenColumns": _hidden()})
    return int(client.create_view(project_id, review_tab())["id"])


def review_tab() -> Json:
    """Tasks without an annotation, by rising prediction score: 0 is the most uncertain."""
    return {
        "title": TITLE,
        "ordering": ["tasks:predictions_score"],
        "filters": {
            "conjunction": "and",
            "items": [
                {
                    "filter": "filter:tasks:total_annotations",
                    "operator": "equal",
                    "type": "Number",
                    "value": 0,
                }
            ],
        },
        "hiddenColumns": _hidden(),
    }


def _hidden() -> Json:
    return {"explore": _HIDDEN, "labeling": _HIDDEN}
