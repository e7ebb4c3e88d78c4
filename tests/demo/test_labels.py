"""The labels that a demo is asked for: which names work, what is drawn for them, what is said."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hemline.demo.commands import app
from hemline.demo.labels import LABELS, DemoLabels, outfits_of, parse_labels
from hemline.errors import HemlineError, LabelConfigError
from hemline.labelstudio.project.config import render_label_config
from hemline.prefill.label_mapping import change_mapping
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version, promote
from hemline.store.tables.loop import DatasetSnapshot
from hemline.studio.wardrobe.wardrobe import GarmentType

ASKED = ("dress", "top", "trousers", "shoes", "bag")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(sqlite_template, tmp_path / "hemline.db")
    store = Store(f"sqlite:///{tmp_path / 'hemline.db'}")
    yield store
    store.dispose()


def said(store: Store, labels: Sequence[str], *, drawn: bool = True) -> str:
    return "\n".join(DemoLabels(store, 3, labels).in_words(drawn=drawn))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("dress,top,trousers,shoes,bag", ASKED),
        (" top ,  dress", ("top", "dress")),
        ("""a"b,c'd,e/f\\g,<h>&amp;""", ('a"b', "c'd", "e/f\\g", "<h>&amp;")),
        ("👗,👨‍👩‍👧,Röcke & Kleider", ("👗", "👨‍👩‍👧", "Röcke & Kleider")),
        ("garment", ("garment",)),
    ],
)
def test_names_work_as_they_are(text: str, labels: tuple[str, ...]) -> None:
    assert parse_labels(text) == labels


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' has an empty name"),
        ("dress,,top", "'dress,,top' has an empty name; write names with a comma"),
        ("dress, ", "'dress, ' has an empty name"),
        ("top,dress, top", "names 'top' twice; leave one out"),
        ("to\x1bp", r"the name 'to\\x1bp', with characters that cannot be shown"),
        ("to\np", "characters that cannot be shown"),
        ("to\udcffp", "characters that cannot be shown"),
        (",".join(map(str, range(91))), "has 91 labels, over the limit of 90"),
    ],
)
def test_names_that_do_not_work_are_told_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(LabelConfigError, match=sentence):
        parse_labels(text)


def test_each_label_has_a_colour_of_its_own() -> None:
    config = render_label_config(parse_labels(",".join(map(str, range(90)))))
    colours = {line.split('background="')[1][:7] for line in config.splitlines() if "#" in line}
    assert len(colours) == 90


def test_what_is_drawn_goes_by_what_the_labels_mean() -> None:
    top, dress, trousers, skirt, coat = GarmentType
    assert outfits_of(ASKED) == (top, dress, trousers)
    assert outfits_of(("Kleid", "Rock")) == (dress, skirt)
    assert outfits_of(("outerwear", "shoes")) == (coat,)
    assert outfits_of(("shoes", "hat")) == (top, dress, trousers, skirt, coat)
    assert outfits_of(("collar", "zipper")) == (top, dress, trousers, skirt, coat)
    assert outfits_of(LABELS) == outfits_of(("dress",)) == ()


def test_several_labels_are_said_with_their_classes(store: Store) -> None:
    text = said(store, ASKED)
    assert "labels are pre-filled with these classes of the starter:" in text
    assert "  top = top" in text
    assert "open empty" not in text
    assert "No sample photo" not in text
    assert "`hemline connect 3 --map 'LABEL=CLASS,CLASS'` or on the dashboard's page" in text


def test_what_means_nothing_and_what_no_photo_shows_is_said(store: Store) -> None:
    labels = ("dress", "zipper", "hat", "skirt", "wo\"bb'le/👗")
    text = said(store, labels)
    assert "  zipper: the starter draws no parts of garments" in text
    assert "  wo\"bb'le/👗: the starter knows no clothes of this name" in text
    assert "No sample photo shows 'hat': give photos of your own with IMAGES=folder" in text
    assert "No sample photo" not in said(store, labels, drawn=False)
    assert DemoLabels(store, 3, labels).has_model


def test_labels_that_all_mean_nothing_have_no_model(store: Store) -> None:
    labels = DemoLabels(store, 3, ("zipper", "collar"))
    assert not labels.has_model
    assert "No label has a class of the starter's" in "\n".join(labels.in_words(drawn=True))


def test_one_label_is_all_clothing(store: Store) -> None:
    assert said(store, LABELS) == ""
    assert "'bag' is the only label" in said(store, ("bag",))
    assert DemoLabels(store, 3, ("bag",)).has_model


def test_what_people_set_counts_and_after_a_training_nothing_does(store: Store) -> None:
    labels = ("dress", "legs")
    with store.session() as session:
        project = upsert_project(session, ls_project_id=3).id
        change_mapping(session, project, labels, {"legs": ("trousers", "skirt")}, by="ada")
    text = said(store, labels)
    assert "  legs = skirt, trousers (set by ada)" in text
    assert "No sample photo shows 'legs'" in text  # they were drawn for a dress alone
    with store.session() as session:
        snapshot = DatasetSnapshot(project_id=project, digest="d" * 64, labels=[*labels])
        session.add(snapshot)
        session.flush()
        version = create_version(
            session,
            project,
            recipe={},
            labels=labels,
            weights_digest="w" * 64,
            code_version="0",
            snapshot_id=snapshot.id,
        )
        promote(session, version.id)
    assert "hemline-3-v1 was trained on corrections" in said(store, labels)
    assert DemoLabels(store, 3, ("zipper", "collar")).has_model


@pytest.mark.parametrize(
    "name", ["dress,top", "a\"b'c,d/e", "👗,$(touch x)", "`touch x`;,&", "*,?"]
)
def test_make_hands_the_names_over_as_they_are(name: str, tmp_path: Path) -> None:
    hemline = tmp_path / "hemline"
    hemline.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    hemline.chmod(0o755)
    given = name.replace("$", "$$")  # as make wants a dollar written
    # Under `make test`, make would hand its own flags on and print the folder it enters.
    outside = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["make", "demo", f"LABELS={given}", f"BIN={tmp_path}", "PYTHON=true"],
        cwd=ROOT,
        env=outside,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["demo", "--labels", name]


def test_a_wrong_name_is_told_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    failed = CliRunner().invoke(app, ["demo", "--labels", "top,top", "--home", str(home)])
    assert isinstance(failed.exception, HemlineError)
    assert "twice" in str(failed.exception)
    assert not home.exists()
