"""What labels are pre-filled with, on the page on models: seen by all, changed by admins."""

import html
import re

import pytest

from hemline.datasets.classes.meanings import class_names
from hemline.labelstudio.project.config import render_label_config
from hemline.prefill.label_mapping import change_mapping, read_mapping
from hemline.store.loop.projects import known_project, upsert_project
from hemline.store.models.models import create_version, promote
from hemline.store.people import list_events
from hemline.store.states import Role
from hemline.store.tables.loop import DatasetSnapshot
from tests.backend.dashboard.pages.test_pages import text
from tests.backend.dashboard.visitor import Visitor

LABELS = ("top", "trousers", 'the "zip"/👗 <b>')
ODD = LABELS[2]
PAGE = "/dashboard/1/models"


@pytest.fixture
def outfits(backend):
    """A backend with a project of three labels, without a model."""
    with backend.store.session() as session:
        upsert_project(
            session, ls_project_id=1, title="Outfits", label_config=render_label_config(LABELS)
        )
    return backend


def mapping(backend):
    with backend.store.reading() as session:
        project = known_project(session, 1)
        return read_mapping(session, project.id, LABELS)


def add_version(backend, **values):
    with backend.store.session() as session:
        project = known_project(session, 1)
        if values.pop("trained", False):
            snapshot = DatasetSnapshot(project_id=project.id, digest="d" * 64, labels=[*LABELS])
            session.add(snapshot)
            session.flush()
            values["snapshot_id"] = snapshot.id
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=LABELS,
            weights_digest="w" * 64,
            code_version="0",
            **values,
        )
        promote(session, version.id)


def form(page, **changes):
    """The form's fields as a browser sends them."""
    section = page.split('class="label-classes"')[1].split("</form>")[0]
    fields = {"shown": re.findall(r'name="shown" value="([^"]+)"', section)[0]}
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', section, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        fields[name] = html.unescape(chosen[0]) if chosen else ""
    return fields | {f"class-{name}": label for name, label in changes.items()}


def test_everybody_sees_what_labels_mean(outfits):
    seen = text(Visitor(outfits, role=Role.VIEWER).see(PAGE))
    assert "top top by its name" in seen
    assert "opens empty the starter knows no clothes of this name" in seen
    assert "Change…" not in seen
    assert "&lt;b&gt;" in Visitor(outfits, name="bob", role=Role.VIEWER).see(PAGE)


def test_an_admin_sets_them_and_it_is_recorded(outfits):
    visitor = Visitor(outfits)
    fields = form(visitor.see(PAGE))
    assert len(fields) == 1 + len(class_names())
    assert fields["class-top"] == "top"
    fields |= {"class-scarf": "top", "class-belt": ODD, "class-dress": ODD}
    answer = visitor.post(f"{PAGE}/labels", **fields)
    assert answer.status_code == 303
    seen = text(visitor.see(PAGE))
    assert "Saved." in seen
    assert mapping(outfits).classes_of == {
        "top": ("top", "scarf"),
        "trousers": ("trousers",),
        ODD: ("dress", "belt"),
    }
    assert [each.set_by for each in mapping(outfits).labels] == ["ada", "", "ada"]
    assert "dress, belt set by ada" in seen
    with outfits.store.reading() as session:
        event = list_events(session, limit=1)[0]
    assert (event.person, event.action) == ("ada", "set what labels mean")
    assert event.details == {"top": "top, scarf", ODD: "dress, belt"}
    fields = form(visitor.see(PAGE)) | {"by_name": "1"}
    assert visitor.post(f"{PAGE}/labels", **fields).status_code == 303
    assert {each.set_by for each in mapping(outfits).labels} == {""}
    assert mapping(outfits).classes_of[ODD] == ()


def test_the_same_again_is_no_change(outfits):
    visitor = Visitor(outfits)
    fields = form(visitor.see(PAGE))
    assert visitor.post(f"{PAGE}/labels", **fields).status_code == 303
    assert "Nothing was changed" in text(visitor.see(PAGE))
    with outfits.store.reading() as session:
        assert "set what labels mean" not in {event.action for event in list_events(session)}


def test_a_page_from_before_another_change_changes_nothing(outfits):
    visitor = Visitor(outfits)
    fields = form(visitor.see(PAGE), dress=ODD)
    with outfits.store.session() as session:
        project = known_project(session, 1)
        change_mapping(session, project.id, LABELS, {"top": ["hat"]}, by="bob")
    answer = visitor.post(f"{PAGE}/labels", **fields)
    assert answer.status_code == 409
    assert "was changed since the page was made" in text(answer.text)
    assert mapping(outfits).classes_of["top"] == ("hat",)


def test_a_label_that_is_none_changes_nothing(outfits):
    visitor = Visitor(outfits)
    before = mapping(outfits)
    answer = visitor.post(f"{PAGE}/labels", **form(visitor.see(PAGE), dress="a coat"))
    assert answer.status_code == 400
    said = html.unescape(text(answer.text))
    assert "Nothing was changed: the project has no label 'a coat'" in said
    assert mapping(outfits) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_others_cannot_set_them(outfits, role):
    fields = form(Visitor(outfits).see(PAGE), dress=ODD)
    before = mapping(outfits)
    assert (
        Visitor(outfits, name="bob", role=role).post(f"{PAGE}/labels", **fields).status_code == 403
    )
    assert mapping(outfits) == before


def test_a_form_of_another_site_is_refused(outfits):
    visitor = Visitor(outfits)
    fields = form(visitor.see(PAGE), dress=ODD)
    assert visitor.client.post(f"{PAGE}/labels", data=fields).status_code == 400
    assert mapping(outfits).classes_of[ODD] == ()


def test_the_page_says_which_version_is_from_before_the_change(outfits):
    visitor = Visitor(outfits)
    add_version(outfits, label_classes=mapping(outfits).classes_of)
    seen = text(visitor.see(PAGE))
    assert "is from before the last change" not in seen
    assert "hemline-1-v1 champion" in seen
    visitor.post(f"{PAGE}/labels", **form(visitor.see(PAGE), dress=ODD))
    assert "hemline-1-v1, which pre-fills now, is from before" in text(visitor.see(PAGE))
    assert "A starter of several labels" in text(visitor.see(f"{PAGE}/1"))


def test_after_a_training_nothing_can_be_set(outfits):
    add_version(outfits, trained=True)
    page = Visitor(outfits).see(PAGE)
    assert "hemline-1-v1 was trained on corrections and pre-fills the labels itself" in text(page)
    assert 'class="label-classes"' not in page


def test_one_label_has_the_starter_of_one_until_it_is_set(backend):
    with backend.store.session() as session:
        upsert_project(session, ls_project_id=1, label_config=render_label_config(["dress"]))
    visitor = Visitor(backend)
    page = visitor.see(PAGE)
    assert "The project has one label" in text(page)
    fields = form(page)
    assert set(fields.values()) == {fields["shown"], ""}
    visitor.post(f"{PAGE}/labels", **form(page, dress="dress"))
    assert "dress dress set by ada" in text(visitor.see(PAGE))


def test_a_project_without_a_label_config_has_no_such_section(backend):
    with backend.store.session() as session:
        upsert_project(session, ls_project_id=1, problem="no image")
    assert "What labels are pre-filled with" not in Visitor(backend).see(PAGE)
