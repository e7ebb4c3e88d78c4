"""What stands above every page: a project's sections, and the way to another project."""

from dataclasses import dataclass

from flask import current_app, request, url_for

from hemline.store.tables.loop import Project


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    address: str
    is_here: bool


# The endpoint without "dashboard.", what it is called, and the endpoints that belong to it.
SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("overview", "Overview", ()),
    ("gallery", "Flagged cut-outs", ("image",)),
    ("causes", "Causes", ()),
    ("models", "Models", ("model",)),
    ("annotators", "Annotators", ()),
    ("publish", "Ready to publish", ()),
    ("exports", "Export", ()),
)


def section_links(project: Project) -> list[Link]:
    """The project's sections, in the order of a day's work."""
    here = (request.endpoint or "").removeprefix("dashboard.")
    return [
        Link(
            title,
            url_for(f"dashboard.{endpoint}", project=project.ls_project_id),
            here == endpoint or here in below,
        )
        for endpoint, title, below in SECTIONS
        if f"dashboard.{endpoint}" in current_app.view_functions
    ]
