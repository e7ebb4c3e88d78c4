"""What is one region, on the page on models: seen by all, changed by admins."""

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.masks.parts import RegionsPer
from hemline.store.loop.jobs import active_job
from hemline.store.loop.projects import known_project, upsert_project
from hemline.store.models.models import create_version, promote
from hemline.store.models.regions_per import read_regions_per
from hemline.store.people import list_events
from hemline.store.states import JobKind, Role
from tests.backend.dashboard.pages.test_pages import text
from tests.backend.dashboard.visitor import Visitor

PAGE = "/dashboard/1/models"


@pytest.fixture
def shoes(backend):
    """A backend with a project of shoes and a champion."""
    with backend.store.session() as session:
        project = upsert_project(
            session, ls_project_id=1, label_config=render_label_config(["shoes", "bag"])
        )
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["shoes", "bag"],
            weights_digest="w" * 64,
            code_version="0",
        )
        promote(session, version.id)
    return backend


def stored(backend):
    with backend.store.reading() as session:
        project = known_project(session, 1)
        return (
            read_regions_per(session, project.id),
            active_job(session, project.id, JobKind.PREDICT_POOL),
        )


def test_an_admin_sets_it_and_the_prefills_go_out_again(shoes):
    visitor = Visitor(shoes)
    assert "All of a label is one region" in text(visitor.see(PAGE))
    assert visitor.post(f"{PAGE}/regions", regions="per-part").status_code == 303
    per, job = stored(shoes)
    assert per is RegionsPer.PART
    seen = text(visitor.see(PAGE))
    assert f"Job {job.id} gives Label Studio the pre-fills" in seen
    assert "such as each shoe, is a region of its own" in seen
    with shoes.store.reading() as session:
        event = list_events(session, limit=1)[0]
    assert (event.person, event.action, event.target) == ("ada", "set regions", "per-part")
    visitor.post(f"{PAGE}/regions", regions="per-part")
    assert "Nothing was changed." in text(visitor.see(PAGE))
    with shoes.store.reading() as session:
        assert [each.action for each in list_events(session)].count("set regions") == 1
    visitor.post(f"{PAGE}/regions", regions="per-label")
    assert stored(shoes)[0] is RegionsPer.LABEL


@pytest.mark.parametrize("given", [{}, {"regions": ""}, {"regions": "per-pixel"}])
def test_what_is_no_choice_changes_nothing(shoes, given):
    answer = Visitor(shoes).post(f"{PAGE}/regions", **given)
    assert answer.status_code == 400
    assert "choose what is one region" in text(answer.text)
    assert stored(shoes) == (RegionsPer.LABEL, None)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_others_see_it_and_cannot_set_it(shoes, role):
    visitor = Visitor(shoes, name="bob", role=role)
    assert "All of a label is one region" in text(visitor.see(PAGE))
    assert "One region for each part" not in visitor.see(PAGE)
    assert visitor.post(f"{PAGE}/regions", regions="per-part").status_code == 403
    assert stored(shoes)[0] is RegionsPer.LABEL


def test_polygons_are_one_for_each_part_in_any_case(shoes):
    with shoes.store.session() as session:
        upsert_project(
            session, ls_project_id=1, label_config=render_label_config(["shoes"], "polygon")
        )
    page = Visitor(shoes).see(PAGE)
    assert "is a polygon of its own" in text(page)
    assert "models/regions" not in page


def test_a_project_that_cannot_be_prefilled_has_no_such_section(backend):
    with backend.store.session() as session:
        upsert_project(session, ls_project_id=1, problem="no image")
    assert "<h2>Regions</h2>" not in Visitor(backend).see(PAGE)
