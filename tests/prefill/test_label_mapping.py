"""A project's label mapping: by name until a person sets it, and what people set is kept."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hemline.datasets.classes.meanings import LabelMatch, class_names
from hemline.errors import LabelMappingError
from hemline.prefill.label_mapping import (
    by_name,
    parse_changes,
)
from hemline.prefill.mapping_in_words import mapping_in_words
from hemline.store.models.label_classes import (
    ClassesSet,
    StoredLabelClasses,
    read_label_classes,
    write_label_classes,
)
from tests.prefill.conftest import Kept

OUTFIT = ("top", "trousers", "jeans", "zipper")


def test_labels_go_by_their_names_until_somebody_sets_them(kept: Kept) -> None:
    mapping = kept.keep(OUTFIT)
    assert mapping.classes_of == {
        "top": ("top",),
        "trousers": ("trousers",),
        "jeans": (),
        "zipper": (),
    }
    assert mapping.labels[2].why == "the starter cannot tell it from 'trousers'"
    assert {each.set_by for each in mapping.labels} == {""}
    assert kept.change(OUTFIT, {"zipper": ["outerwear", "belt"]}) == kept.read(OUTFIT)
    zipper = kept.read(OUTFIT).labels[3]
    assert (zipper.classes, zipper.set_by, zipper.why) == (("outerwear", "belt"), "ada", "")


def test_what_is_set_takes_the_class_from_who_had_it_by_name(kept: Kept) -> None:
    mapping = kept.change(OUTFIT, {"jeans": ["trousers"]})
    assert mapping.classes_of["trousers"] == ()
    assert mapping.labels[1].why == "the starter cannot tell it from 'jeans'"
    assert kept.change(OUTFIT, {"jeans": None}).classes_of["trousers"] == ("trousers",)


def test_what_people_set_outlasts_other_labels_and_another_look(kept: Kept) -> None:
    kept.change(OUTFIT, {"zipper": ["belt"], "jeans": []})
    shorter = kept.keep(("top", "jeans"))
    assert shorter.classes_of == {"top": ("top",), "jeans": ()}
    assert kept.keep((*OUTFIT, "shoes"), look_up=True).classes_of == {
        "top": ("top",),
        "trousers": ("trousers",),
        "jeans": (),
        "zipper": ("belt",),
        "shoes": ("shoes",),
    }


def test_a_class_set_meanwhile_is_not_given_back_to_a_label_that_returns(kept: Kept) -> None:
    kept.change(OUTFIT, {"zipper": ["belt", "hat"]})
    kept.change(("top", "buckle"), {"buckle": ["belt"]})
    assert kept.read((*OUTFIT, "buckle")).classes_of["zipper"] == ("hat",)
    assert kept.read((*OUTFIT, "buckle")).classes_of["buckle"] == ("belt",)


def test_what_was_found_by_name_stays_until_it_is_looked_up(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that hosts of two releases, whose words differ, make the same of a project."""
    before = kept.keep(("top", "trousers"))
    monkeypatch.setattr("hemline.prefill.label_mapping.match_labels", _knows_nothing)
    assert kept.keep(("top", "trousers")).classes_of == before.classes_of
    assert kept.keep(("top", "trousers"), look_up=True).draws_nothing


def _knows_nothing(
    labels: Iterable[str], fixed: Mapping[str, Sequence[str]]
) -> dict[str, LabelMatch]:
    return {label: LabelMatch((), "nothing") for label in labels if label not in fixed}


def test_a_project_of_one_label_has_the_starter_of_one_unless_it_is_set(kept: Kept) -> None:
    assert kept.keep(("dress",)).starter_classes is None
    with kept.store.reading() as session:
        assert read_label_classes(session, kept.project).by_name == {}
    assert kept.change(("dress",), {"dress": ["dress"]}).starter_classes == {"dress": ("dress",)}
    assert kept.change(("dress",), {"dress": None}).starter_classes is None
    assert kept.make(("dress",), {"dress": []}).starter_classes is None
    assert kept.make(("dress",), {"dress": ["dress"]}).starter_classes == {"dress": ("dress",)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coat": ["outerwear"]}, "no label 'coat'; its labels are 'top', 'trousers'"),
        ({"top": ["blouse"]}, "the starter has no class 'blouse' for the label 'top'; its classes"),
        ({"top": ["hat", "hat"]}, "the label 'top' is given the class 'hat' twice"),
        ({"top": ["hat"], "zipper": ["hat"]}, "the class 'hat' would be that of 'top' and of"),
    ],
)
def test_what_cannot_be_set_is_refused_whole(
    kept: Kept, changes: dict[str, list[str]], words: str
) -> None:
    kept.change(OUTFIT, {"zipper": ["belt"]})
    before = kept.read(OUTFIT)
    with pytest.raises(LabelMappingError, match=words):
        kept.change(OUTFIT, {"trousers": ["outerwear"]} | changes)
    assert kept.read(OUTFIT) == before


def test_a_class_that_somebody_gave_to_another_label_is_not_taken_away(kept: Kept) -> None:
    kept.change(OUTFIT, {"zipper": ["belt"]})
    with pytest.raises(LabelMappingError, match="'belt' would be that of 'top' and of 'zipper'"):
        kept.change(OUTFIT, {"top": ["top", "belt"]})
    assert kept.change(OUTFIT, {"top": ["top", "belt"], "zipper": []}).classes_of["zipper"] == ()


def test_a_whole_mapping_is_made_with_as_little_set_as_it_takes(kept: Kept) -> None:
    wanted: dict[str, list[str]] = {"top": ["hat", "top"], "trousers": []}
    mapping = kept.make(OUTFIT, wanted)
    assert mapping.classes_of == {
        "top": ("top", "hat"),
        "trousers": (),
        "jeans": (),
        "zipper": (),
    }
    # Jeans would have been given the trousers by name.
    assert [each.set_by for each in mapping.labels] == ["ada", "ada", "ada", ""]
    assert kept.make(OUTFIT, wanted) == mapping
    with pytest.raises(LabelMappingError, match="no label 'coat'"):
        kept.make(OUTFIT, {**wanted, "coat": ["outerwear"]})


WANTED = st.lists(st.sampled_from(["", *OUTFIT]), min_size=15, max_size=15)


@given(WANTED, WANTED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_mapping_can_be_made_of_any_other(
    kept: Kept, first: list[str], second: list[str]
) -> None:
    for holders in (first, second):
        wanted: dict[str, list[str]] = {}
        for name, label in zip(class_names(), holders, strict=True):
            wanted.setdefault(label, []).append(name)
        wanted.pop("", None)
        made = kept.make(OUTFIT, wanted)
        assert made == kept.read(OUTFIT)
        assert {label: [*names] for label, names in made.classes_of.items() if names} == wanted


def test_labels_of_any_letters_are_kept(kept: Kept) -> None:
    labels = (
        *('the "best" dress', "top/shirt", "👗", "a = b", " coat ", "'; DROP TABLE project; --"),
        *(f"label {number}" for number in range(60)),
    )
    mapping = kept.change(labels, {"👗": ["dress"], "a = b": ["belt"], "coat": ["hat"]})
    assert kept.read(labels) == mapping
    assert mapping.classes_of["👗"] == ("dress",)
    assert mapping.classes_of["a = b"] == ("belt",)
    assert mapping.classes_of[" coat "] == ("hat",)
    assert mapping.classes_of["top/shirt"] == ("top",)
    assert len(mapping.labels) == 66


@pytest.mark.parametrize(
    ("option", "changes"),
    [
        ("my label=dress,skirt", {"my label": ("dress", "skirt")}),
        ("my label= Dress , SKIRT ,", {"my label": ("dress", "skirt")}),
        ("a=b=dress", {"a=b": ("dress",)}),
        ("zipper=", {"zipper": ()}),
        ("zipper=auto", {"zipper": None}),
    ],
)
def test_an_option_names_a_label_and_its_classes(
    option: str, changes: dict[str, tuple[str, ...] | None]
) -> None:
    assert parse_changes([option]) == changes


@pytest.mark.parametrize("option", ["dress", "=dress", "", " =dress"])
def test_an_option_without_both_says_how_it_is_written(option: str) -> None:
    with pytest.raises(LabelMappingError, match=r'write it as --map "my label=dress,skirt"'):
        parse_changes([option])


def test_a_label_in_two_options_is_refused() -> None:
    with pytest.raises(LabelMappingError, match="names the label 'a ' twice"):
        parse_changes(["a=dress", "a =skirt"])


def test_the_lines_say_what_is_drawn_and_what_opens_empty(kept: Kept) -> None:
    mapping = kept.change((*OUTFIT, "collar"), {"zipper": ["belt"]})
    assert mapping_in_words(mapping)[:-1] == [
        "Until the first training, labels are pre-filled with these classes of the starter:",
        "  top = top",
        "  trousers = trousers",
        "  zipper = belt (set by ada)",
        "These open empty:",
        "  jeans: the starter cannot tell it from 'trousers'",
        "  collar: the starter draws no parts of garments",
    ]
    assert "--map 'LABEL=CLASS,CLASS'; classes: hair, skin, top" in mapping_in_words(mapping)[-1]
    assert "hemline-1-v2 was trained" in mapping_in_words(mapping, "hemline-1-v2")[0]
    assert mapping_in_words(by_name(("garment",))) == []
    many = mapping_in_words(by_name([f"part {number}" for number in range(60)]))
    assert many[0].startswith("No label has a class")
    assert "and 52 more: the starter knows no clothes of this name" in many[1]
    assert len(many) == 3


def test_classes_of_the_first_starter_of_several_labels_are_carried_over(kept: Kept) -> None:
    before = StoredLabelClasses(
        {"zipper": ClassesSet(("jacket", "jumpsuit"), "ada"), "jeans": ClassesSet(("coat",), "bo")},
        {"top": ("top", "shirt", "sweater"), "trousers": ("trousers",)},
    )
    with kept.store.session() as session:
        write_label_classes(session, kept.project, before)
    assert kept.read(OUTFIT).classes_of == {
        "top": ("top",),
        "trousers": ("trousers",),
        "jeans": (),  # its coats are the zipper's jackets now
        "zipper": ("outerwear",),
    }
    assert [each.set_by for each in kept.keep(OUTFIT).labels] == ["", "", "bo", "ada"]
    assert kept.change(OUTFIT, {"zipper": ["belt"]}).classes_of["zipper"] == ("belt",)
