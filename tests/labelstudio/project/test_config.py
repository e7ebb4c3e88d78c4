"""Label configs: what is read from people's, and what ours holds."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import LabelConfig, parse_label_config, render_label_config

# Keys of the image editor, from its keymap (Label Studio 1.23).
EDITOR_KEYS = {*"behkmopruvw", "shift+1", "shift+2", "shift+r"}

names = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn", "Co"]), min_size=1
).filter(lambda name: name == name.strip())


def config(body: str) -> str:
    return f"<View>{body}</View>"


IMAGE = '<Image name="image" value="$image"/>'
BRUSH = '<BrushLabels name="mask" toName="image"><Label value="garment"/></BrushLabels>'


def test_reads_names_key_and_labels():
    found = parse_label_config(
        config(
            '<Header value="Why: $review_reason"/><Image name="photo" value="$image_url"/>'
            '<Choices name="defect" toName="photo"><Choice value="blur"/></Choices>'
            '<View><BrushLabels name="brush" toName="photo">'
            '<Label value="top"/><Label value="skirt" alias="s"/></BrushLabels></View>'
        )
    )
    assert found == LabelConfig("brush", "photo", "image_url", ("top", "s"))


def test_takes_the_brush_that_points_to_an_image():
    found = parse_label_config(
        config(
            '<Image name="a" value="$front"/><Image name="b" value="$back"/>'
            '<RectangleLabels name="box" toName="a"><Label value="x"/></RectangleLabels>'
            '<BrushLabels name="lost" toName="text"><Label value="x"/></BrushLabels>'
            '<BrushLabels name="mask" toName="b"><Label value="garment"/></BrushLabels>'
        )
    )
    assert found == LabelConfig("mask", "b", "back", ("garment",))


POLYGON = BRUSH.replace("BrushLabels", "PolygonLabels").replace('"mask"', '"outline"')
BITMASK = BRUSH.replace("BrushLabels", "BitmaskLabels").replace('"mask"', '"pixels"')


@pytest.mark.parametrize(
    ("controls", "control", "name", "others"),
    [
        (POLYGON, "polygon", "outline", ()),
        (BITMASK, "bitmask", "pixels", ()),
        (POLYGON + BRUSH, "brush", "mask", ("outline",)),
        (POLYGON + BITMASK, "bitmask", "pixels", ("outline",)),
        (POLYGON + BITMASK + BRUSH, "brush", "mask", ("pixels", "outline")),
        (BRUSH + POLYGON.replace("garment", "stain"), "brush", "mask", ()),
    ],
)
def test_masks_go_to_the_control_that_holds_them_best(controls, control, name, others):
    found = parse_label_config(config(IMAGE + controls))
    assert (found.control, found.from_name, found.others) == (control, name, others)


def test_clicks_are_for_brushes():
    point = '<KeyPoint name="p" toName="image" smartOnly="true"/>'
    assert parse_label_config(config(IMAGE + BRUSH + point)).takes_clicks
    assert not parse_label_config(config(IMAGE + BRUSH)).takes_clicks
    assert not parse_label_config(config(IMAGE + POLYGON + point)).takes_clicks


def test_boxes_and_ellipses_are_garments_where_they_have_the_brushs_labels():
    found = parse_label_config(
        config(
            '<Image name="a" value="$front"/>'
            '<RectangleLabels name="box" toName="a"><Label value="dress"/></RectangleLabels>'
            '<RectangleLabels name="defect" toName="a"><Label value="stain"/></RectangleLabels>'
            '<EllipseLabels name="round" toName="a"><Label value="x" alias="hat"/></EllipseLabels>'
            '<EllipseLabels name="other" toName="b"><Label value="dress"/></EllipseLabels>'
            '<BrushLabels name="mask" toName="a"><Label value="dress"/><Label value="hat"/>'
            "</BrushLabels>"
        )
    )
    assert found.shapes == ("box", "round")


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("", "well-formed"),
        ("<View>", "well-formed"),
        ("not xml", "well-formed"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View/>', "DOCTYPE"),
        ("<View/>", "no <Image>"),
        (config(BRUSH), "no <Image>"),
        (config('<Image name="image" valueList="$images"/>' + BRUSH), "no <Image>"),
        (config(IMAGE), "no <BrushLabels>"),
        (config(IMAGE + BRUSH.replace("image", "other")), "no <BrushLabels>"),
        (config(IMAGE + BRUSH.replace("BrushLabels", "VectorLabels")), "no <BrushLabels>"),
        (config(IMAGE + '<BrushLabels name="m" toName="image"/>'), "'m'> has no label"),
        (config(IMAGE + BRUSH.replace('value="garment"', "")), "without a value"),
        (config(IMAGE + BRUSH.replace("</B", '<Label value="garment"/></B')), "'garment' twice"),
        (config(IMAGE.replace("$image", "http://host/a.jpg") + BRUSH), "not a field of the tasks"),
        (config(IMAGE.replace("$image", "$image[a]") + BRUSH), "not a field of the tasks"),
        (config(IMAGE + BRUSH + BRUSH.replace('"mask"', '"defects"')), "2 <BrushLabels>"),
        (
            config(IMAGE + POLYGON + POLYGON.replace('"outline"', '"defects"')),
            "2 <PolygonLabels>.*change the others, such as those of defects, to <RectangleLabels>",
        ),
        (
            config(
                IMAGE
                + IMAGE.replace('"image"', '"back"')
                + BRUSH.replace('toName="image"', 'toName="image,back"')
            ),
            "draws on 2 images",
        ),
    ],
)
def test_says_what_a_config_lacks(xml, message):
    with pytest.raises(LabelConfigError, match=message):
        parse_label_config(xml)


def test_more_labels_than_class_ids_are_an_error():
    labels = "".join(f'<Label value="{number}"/>' for number in range(256))
    with pytest.raises(LabelConfigError, match="256 labels, over the limit of 255"):
        parse_label_config(config(IMAGE + BRUSH.replace('<Label value="garment"/>', labels)))


@given(
    st.lists(names, min_size=1, max_size=90, unique=True),
    st.sampled_from(["brush", "bitmask", "polygon"]),
)
def test_what_is_written_is_read_back(labels, control):
    xml = render_label_config(labels, control)
    assert parse_label_config(xml) == LabelConfig(
        "mask", "image", "image", tuple(labels), control=control
    )


def test_every_label_has_a_key_and_a_colour_of_its_own_and_none_of_the_editors():
    xml = render_label_config([f"label {number}" for number in range(90)])
    labels = list(ElementTree.fromstring(xml).iter("Label"))
    keys = [label.attrib["hotkey"] for label in labels]
    assert len(set(keys)) == 90
    assert all(keys)
    assert not EDITOR_KEYS & set(keys)
    assert len({label.attrib["background"] for label in labels}) == 90


@pytest.mark.parametrize("labels", [[], [""], ["a", "a"], [str(number) for number in range(91)]])
def test_labels_that_no_config_can_have_are_refused(labels):
    with pytest.raises(LabelConfigError):
        render_label_config(labels)
