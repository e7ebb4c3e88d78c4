"""Controls for clicks in label configs that people and Hemline wrote."""

from xml.etree import ElementTree

import pytest

from hemline.labelstudio.project.click_controls import add_click_controls, add_instruction
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.project.review_fields import add_review_fields

ONE = render_label_config(["garment"])
MANY = render_label_config(["top", "skirt & coat"])


def elements(xml, tag):
    return [dict(element.attrib) for element in ElementTree.fromstring(xml).iter(tag)]


def test_one_label_needs_none_for_the_tools():
    added = add_click_controls(ONE)
    assert added.problem == ""
    smart = {"toName": "image", "smart": "true", "smartOnly": "true"}
    assert elements(added.label_config, "KeyPoint") == [{"name": "hemline_click"} | smart]
    assert elements(added.label_config, "Rectangle") == [{"name": "hemline_box"} | smart]
    assert elements(added.label_config, "BrushLabels")[0]["smart"] == "false"
    config = parse_label_config(added.label_config)
    assert config.clicks == ("hemline_click", "hemline_box")
    assert config.shapes == ()
    assert config == parse_label_config(ONE)  # annotations need not be read again


def test_many_labels_come_with_keys_of_their_own():
    xml = add_click_controls(MANY).label_config
    labels = elements(xml, "Label")
    assert [label["value"] for label in labels] == ["top", "skirt & coat"] * 3
    keys = [label["hotkey"] for label in labels]
    assert keys == ["1", "2", "shift+alt+1", "shift+alt+2", "ctrl+alt+1", "ctrl+alt+2"]
    assert len({label["background"] for label in labels}) == 2
    config = parse_label_config(xml)
    assert config.clicks == ("hemline_click", "hemline_box")
    assert config.shapes == ()


@pytest.mark.parametrize(("control", "tag"), [("polygon", "Poly"), ("bitmask", "Bitmask")])
def test_masks_that_are_not_a_brushs_get_no_controls(control, tag):
    xml = render_label_config(["garment"], control)
    left_over = xml.replace("</View>", '  <KeyPoint name="hemline_click" toName="image"/>\n</View>')
    for given in (xml, left_over):
        added = add_click_controls(given)
        assert added.label_config == xml
        assert "clicks change the masks of a brush" in added.problem
        assert f"<{tag}" in added.problem


def test_an_alias_stays_the_name_in_results():
    xml = ONE.replace('value="garment"', 'value="The garment" alias="g"').replace(
        "</BrushLabels>", '<Label value="hat" hotkey="7"/></BrushLabels>'
    )
    added = elements(add_click_controls(xml).label_config, "KeyPointLabels")
    assert len(added) == 1
    assert parse_label_config(add_click_controls(xml).label_config).labels == ("g", "hat")


@pytest.mark.parametrize("xml", [ONE, MANY, add_review_fields(ONE)])
def test_twice_is_once(xml):
    once = add_click_controls(xml).label_config
    assert add_click_controls(once).label_config == once


def test_a_label_that_came_later_gets_its_tools():
    once = add_click_controls(MANY).label_config
    later = once.replace("</BrushLabels>", '<Label value="hat" hotkey="9"/></BrushLabels>', 1)
    added = add_click_controls(later)
    assert [label["value"] for label in elements(added.label_config, "Label")] == [
        *["top", "skirt & coat", "hat"],
        *["top", "skirt & coat", "hat"],
        *["top", "skirt & coat", "hat"],
    ]


def test_from_one_label_to_two():
    once = add_click_controls(ONE).label_config
    later = once.replace("</BrushLabels>", '<Label value="hat" hotkey="9"/></BrushLabels>', 1)
    xml = add_click_controls(later).label_config
    assert elements(xml, "KeyPoint") == []
    assert len(elements(xml, "KeyPointLabels")) == 1


def test_what_is_written_by_hand_stays_as_it_is():
    xml = (
        "<?xml version='1.0'?>\n<View><!-- ours -->\n<Style>.x {}</Style>"
        "<image name='photo' value='$url'/><Choices name='c' toName='photo'>"
        "<Choice value='blur' hotkey='shift+alt+1'/></Choices>"
        "<brushlabels toName='photo' name='b' smart='true'>"
        "<Label value='x'/><Label value='y'/></brushlabels></View>"
    )
    added = add_click_controls(xml).label_config
    for piece in xml.split("</brushlabels>"):
        assert piece in added
    assert "shift+alt+2" in added
    assert added.count("shift+alt+1") == 1
    assert parse_label_config(added).to_name == "photo"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('<KeyPointLabels name="kp" toName="image"><Label value="a"/></KeyPointLabels>', "own"),
        ('<KeyPoint name="kp" toName="image" smart="true"/>', "own"),
        ('<Ellipse name="hemline_click_2" toName="image"/>', ""),
    ],
)
def test_key_points_of_its_own_are_left_alone(more, words):
    xml = ONE.replace("</View>", f"{more}</View>")
    added = add_click_controls(xml)
    if words:
        assert words in added.problem
        assert added.label_config == xml
    else:
        assert added.problem == ""


def test_more_labels_than_keys_are_left_alone():
    xml = render_label_config([f"label {k}" for k in range(60)])
    added = add_click_controls(xml)
    assert added.label_config == xml
    assert "60 labels" in added.problem


def test_the_instruction_is_written_once_and_kept_up_to_date():
    one = add_click_controls(ONE).label_config
    first = add_instruction("Mask the garment.", one)
    assert first.startswith("Mask the garment.\n<p>Correct with a click: ")
    assert first.count("<p>") == 1
    assert "Auto-Annotation" in first
    assert "K is the point" in first
    assert add_instruction(first, one) == first
    many = add_instruction(first, add_click_controls(MANY).label_config)
    assert many.startswith("Mask the garment.")
    assert many.count("Correct with a click:") == 1
    assert "top shift+alt+1, skirt &amp; coat shift+alt+2" in many
    assert add_instruction("", one).startswith("<p>Correct")
