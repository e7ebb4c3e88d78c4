"""What people are told about the controls of a label config."""

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.project.controls_in_words import controls_in_words

OUTLINE = (
    '<PolygonLabels name="outline" toName="image"><Label value="dress"/><Label value="stain"/>'
    "</PolygonLabels>"
)
BOXES = '<RectangleLabels name="box" toName="image"><Label value="dress"/></RectangleLabels>'


def test_a_brush_alone_needs_no_words():
    assert controls_in_words(render_label_config(["dress"])) == []


@pytest.mark.parametrize(("control", "word"), [("polygon", "within 1 px"), ("bitmask", "bitmasks")])
def test_other_kinds_are_named(control, word):
    (said,) = controls_in_words(render_label_config(["dress"], control))
    assert word in said
    assert "'mask'" in said


def test_controls_beside_a_brush_are_named_with_what_they_leave_out():
    xml = render_label_config(["dress", "coat"]).replace("</View>", OUTLINE + BOXES + "</View>")
    counts, shapes, left_out = controls_in_words(xml)
    assert "'outline' counts too" in counts
    assert "pre-fills go to 'mask'" in counts
    assert "Rectangles and ellipses of 'box'" in shapes
    assert left_out.startswith("'stain' of 'outline' will be in no mask")


def test_many_labels_are_named_shortly():
    more = "".join(f'<Label value="stain {number}"/>' for number in range(60))
    xml = render_label_config(["dress"]).replace(
        "</View>", OUTLINE.replace('<Label value="stain"/>', more) + "</View>"
    )
    assert "and 55 more of 'outline'" in controls_in_words(xml)[-1]
