"""What Label Studio says of a project is kept, and other labels have all annotations read anew."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.prefill.project_config import remember_project
from hemline.store.database.engine import Store
from hemline.store.loop.projects import get_project, set_reconciled

ONE, OTHER = render_label_config(["garment"]), render_label_config(["top", "skirt"])
UNUSABLE = "<View/>"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'hemline.db'}")
    store.upgrade()
    return store


@pytest.mark.parametrize(
    ("before", "after", "anew"),
    [
        (ONE, ONE, False),
        (ONE, ONE.replace("zoom", "zoomControl"), False),
        (ONE, OTHER, True),
        (ONE, UNUSABLE, True),
        (UNUSABLE, ONE, True),
        (UNUSABLE, UNUSABLE, False),
    ],
)
def test_annotations_are_read_anew_where_labels_mean_something_else(
    store: Store, before: str, after: str, anew: bool
) -> None:
    with store.session() as session:
        first = remember_project(session, 7, before, ls_key="7.1", title="Garments")
        set_reconciled(session, first.row.id, datetime(2026, 1, 1, tzinfo=UTC))
    with store.session() as session:
        second = remember_project(session, 7, after)
    with store.reading() as session:
        row = get_project(session, 7)
    assert row is not None
    assert (row.reconciled_until is None) == anew
    assert (row.label_config, row.ls_key, row.title) == (after, "7.1", "Garments")
    assert (second.config is None) == (second.problem is not None) == (after == UNUSABLE)
    assert row.problem == second.problem
