"""Masks as regions and back, as Label Studio sends them and as it should not."""

import base64
import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from hemline.errors import MaskError
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import mask_to_regions, regions_to_mask
from hemline.masks.codecs.brush import encode_brush

LABELS = ("top", "skirt", "coat")
CONFIG = LabelConfig("mask", "image", "image", LABELS, ("shapes",))
KINDS = ("brushlabels", "polygonlabels", "bitmasklabels", "brush", "polygon", "bitmask")
FIELDS = (
    "id",
    "value",
    "type",
    "to_name",
    "from_name",
    "original_width",
    "original_height",
    "image_rotation",
)

class_masks = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30), elements=st.integers(0, 3)
)


def write(mask, *, labels=LABELS, config=CONFIG, region_scores=None, seed="seed"):
    return mask_to_regions(
        mask, config=config, labels=labels, region_scores=region_scores or {}, seed=seed
    )


def read(result, height=None, width=None, *, labels=LABELS, config=CONFIG):
    return regions_to_mask(result, config=config, labels=labels, height=height, width=width)


def box(height=20, width=30, rows=slice(5, 15), columns=slice(10, 20)):
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[rows, columns] = 1
    return mask


def brush_region(mask, label="top", **changes):
    (region,) = write(np.uint8(mask != 0), labels=(label,), config=CONFIG)
    return region | changes


@given(class_masks)
def test_what_is_written_is_read_back(mask):
    regions = write(mask)
    assert np.array_equal(read(regions, *mask.shape), mask)
    if mask.any():
        assert np.array_equal(read(regions), mask)


def test_a_region_holds_what_label_studio_needs():
    mask = box()
    mask[0, 0] = 3
    top, coat = write(mask, region_scores={"top": 0.123456, "skirt": 0.5})
    assert top == {
        "id": top["id"],
        "from_name": "mask",
        "to_name": "image",
        "type": "brushlabels",
        "original_width": 30,
        "original_height": 20,
        "image_rotation": 0,
        "score": 0.1235,
        "value": {"format": "rle", "rle": encode_brush(box()), "brushlabels": ["top"]},
    }
    assert coat["value"]["brushlabels"] == ["coat"]
    assert "score" not in coat


def test_region_ids_follow_from_the_seed_and_differ_by_label():
    mask = np.array([[1, 2, 3]], dtype=np.uint8)
    ids = [region["id"] for region in write(mask)]
    assert len(set(ids)) == 3
    assert ids == [region["id"] for region in write(mask)]
    assert not set(ids) & {region["id"] for region in write(mask, seed="another")}


def test_empty_mask_has_no_region():
    assert write(np.zeros((4, 5), np.uint8)) == []


def test_no_region_is_all_background_where_the_size_is_known():
    assert np.array_equal(read([], 4, 5), np.zeros((4, 5)))
    with pytest.raises(MaskError, match="size of the photo is unknown"):
        read([])


def test_class_ids_and_labels_that_cannot_be_written_are_refused():
    with pytest.raises(MaskError, match="class id 4 but there are only 3"):
        write(np.array([[4]], dtype=np.uint8))
    with pytest.raises(MaskError, match="'hat', which the label config lacks"):
        write(np.array([[1]], dtype=np.uint8), labels=("hat",))


def test_later_regions_win_and_several_of_a_label_are_merged():
    left, right = box(columns=slice(0, 12)), box(columns=slice(10, 30))
    mask = read([brush_region(left), brush_region(right, "coat"), brush_region(box(), "top")])
    expected = left.copy()
    expected[right != 0] = 3
    expected[box() != 0] = 1
    assert np.array_equal(mask, expected)


def test_antialiased_alpha_is_inside_above_127():
    region = brush_region(np.ones((1, 4), np.uint8))
    values = [0, 127, 128, 255]
    bits = f"{16:032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += "".join(f"100011{value:08b}" for value in values)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    region["value"]["rle"] = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    assert read([region]).tolist() == [[0, 0, 1, 1]]


def bitmask_region(alpha, label="skirt", mode="RGBA"):
    pixels = np.zeros((*alpha.shape, 4), np.uint8)
    pixels[..., 3] = alpha
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    region = brush_region(np.ones_like(alpha)) | {"type": "bitmasklabels"}
    return region | {"value": {"imageDataURL": url, "bitmasklabels": [label]}}


def test_reads_bitmasks():
    alpha = np.array([[0, 127, 128], [255, 0, 3]], np.uint8)
    assert read([bitmask_region(alpha)]).tolist() == [[0, 0, 2], [2, 0, 0]]


@pytest.mark.parametrize(
    "url",
    [
        None,
        5,
        "",
        "data:image/png;base64,",
        "data:image/png;base64,!!!",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "data:image/jpeg;base64,AAAA",
    ],
)
def test_broken_bitmasks_are_errors(url):
    region = bitmask_region(np.full((2, 3), 255, np.uint8))
    region["value"]["imageDataURL"] = url
    with pytest.raises(MaskError, match="bitmask"):
        read([region])


def test_bitmask_of_another_size_or_cut_short_is_an_error():
    region = bitmask_region(np.full((2, 3), 255, np.uint8))
    with pytest.raises(MaskError, match="bitmask is 3 x 2 px"):
        read([region | {"original_width": 4}], 2, 4)
    region["value"]["imageDataURL"] = region["value"]["imageDataURL"][:-40]
    with pytest.raises(MaskError, match="bitmask"):
        read([region])


def polygon_region(points, label="coat"):
    region = brush_region(box()) | {"type": "polygonlabels", "from_name": "outline"}
    return region | {"value": {"points": points, "polygonlabels": [label], "closed": True}}


def test_reads_polygons_in_percent():
    mask = read([polygon_region([[20, 25], [60, 25], [60, 75], [20, 75]])])
    assert np.array_equal(mask, box(rows=slice(5, 15), columns=slice(6, 18)) * 3)


@pytest.mark.parametrize(
    "points",
    [
        None,
        [],
        [[1, 2]],
        [[1, 2, 3]] * 4,
        [["a", "b"]] * 4,
        [[1, 2]] * 2,
        [[float("nan"), 1]] * 3,
        "points",
    ],
)
def test_broken_polygons_are_errors(points):
    with pytest.raises(MaskError, match="region"):
        read([polygon_region(points)])


def test_passes_over_what_is_no_mask_of_this_photo():
    other_photo = brush_region(box(), to_name="detail")
    choices = {
        "from_name": "defect",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": ["blur"]},
    }
    other_labels = brush_region(box(), from_name="stain")
    other_labels["value"] = other_labels["value"] | {"brushlabels": ["oil"]}
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    passed_over = [other_photo, choices, other_labels, relation, None, "text"]
    mask = read([*passed_over, brush_region(box())], 20, 30)
    assert np.array_equal(mask, read([brush_region(box())], 20, 30))
    for item in passed_over:
        with pytest.raises(MaskError, match=r"no mask on 'image', only"):
            read([item], 20, 30)


def test_no_regions_and_no_answers_but_a_reviewers_say_that_there_is_no_garment():
    verdict = {
        "from_name": "verdict",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": ["both fine"]},
    }
    for result in ([], [verdict]):
        assert not read(result, 20, 30).any()


def shape_region(kind, **value):
    region = brush_region(box()) | {"type": f"{kind}labels", "from_name": "shapes"}
    return region | {"value": {f"{kind}labels": ["coat"], **value}}


def test_reads_rectangles_and_ellipses_beside_a_brush():
    rectangle = shape_region("rectangle", x=20, y=25, width=40, height=50, rotation=0)
    assert np.array_equal(read([rectangle]), box(rows=slice(5, 15), columns=slice(6, 18)) * 3)
    ellipse = shape_region("ellipse", x=100, y=50, radiusX=10, radiusY=25)
    mask = read([brush_region(box()), ellipse])
    assert (mask == 3).sum() == pytest.approx(np.pi * 3 * 5 / 2, abs=3)
    assert mask[10, 29] == 3
    assert mask.max() == 3
    assert (mask == read([brush_region(box())]))[:, :26].all()


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (shape_region("keypoint", x=1, y=1, width=1), "'keypointlabels', which has no area"),
        (shape_region("vector", vertices=[]), "'vectorlabels', which has no area"),
        (brush_region(box()) | {"type": "labels", "value": {"labels": ["coat"]}}, "'labels'"),
        (shape_region("rectangle") | {"value": {"rectanglelabels": [], "x": 1}}, "has no label"),
        (
            shape_region("rectangle", x=1, y=1, width=9, height=9) | {"from_name": "boxes"},
            "a rectangle by 'boxes', which is not a control with the labels",
        ),
        (
            shape_region("ellipse", x=9, y=9, radiusX=9, radiusY=9) | {"from_name": "mask"},
            "an ellipse by 'mask', which is not a control with the labels",
        ),
        (shape_region("rectangle", x=1, y=1, width=0, height=9), "covers no pixel"),
        (shape_region("rectangle", x=1, y=1, width="9", height=9), "width '9' is not a number"),
        (shape_region("ellipse", x=1, y=float("nan"), radiusX=1, radiusY=1), "y nan"),
        (shape_region("ellipse", x=500, y=5, radiusX=1, radiusY=1), "covers no pixel"),
    ],
)
def test_a_shape_that_is_no_mask_is_refused_beside_a_brush_too(region, message):
    for result in ([region], [brush_region(box()), region]):
        with pytest.raises(MaskError, match=message):
            read(result)


def broken(region, **value):
    return region | {"value": region["value"] | value}


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (broken(brush_region(box()), brushlabels=["cape"]), "'cape' is not among top, skirt, coat"),
        (broken(brush_region(box()), brushlabels=[]), "has no label"),
        (broken(brush_region(box()), brushlabels=["top", "coat"]), "labels 'top', 'coat'"),
        (brush_region(box(), type="brush"), "has no label"),
        (broken(brush_region(box()), rle=encode_brush(box())[:9]), "ends after"),
        (broken(brush_region(box()), rle=None), "not a list"),
        (brush_region(box(), value={"brushlabels": ["top"]}), "within its header"),
        (brush_region(box(), value=None), "has no label"),
        (brush_region(box(), original_width=31), "drawn on 31 x 20 px but the photo is 30 x 20 px"),
        (brush_region(box(19)), "drawn on 30 x 19 px"),
        (brush_region(box(), image_rotation=90), "rotated by 90"),
    ],
)
def test_a_region_that_cannot_be_read_is_named(region, message):
    with pytest.raises(MaskError, match=message) as caught:
        read([region], 20, 30)
    assert str(caught.value).startswith(f"region {region['id']!r}: ")


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("\x00\ud800\x1b[2J", id="control characters"),
        pytest.param("x" * 100_000, id="long"),
        pytest.param(["y" * 100_000], id="list"),
        pytest.param(10**400, id="number"),
    ],
)
@pytest.mark.parametrize(
    "field", ["to_name", "type", "original_width", "image_rotation", "label", "labels"]
)
def test_what_a_region_says_is_quoted_short_and_fit_for_every_log(field, odd):
    region = brush_region(box(), id=odd)
    if field.startswith("label"):
        region = broken(region, brushlabels=[odd] * (1 if field == "label" else 1000))
    else:
        region[field] = odd
    with pytest.raises(MaskError) as caught:
        read([region], 20, 30)
    said = str(caught.value)
    assert len(said) < 600
    assert said.encode().decode().isprintable()


def test_a_region_may_leave_its_size_out_where_the_photos_is_known():
    region = brush_region(box())
    del region["original_width"], region["original_height"]
    assert np.array_equal(read([region], 20, 30), box())
    with pytest.raises(MaskError, match="unknown"):
        read([region])


def test_regions_of_different_sizes_do_not_make_one_mask():
    with pytest.raises(MaskError, match="drawn on 30 x 19 px but the photo is 30 x 20 px"):
        read([brush_region(box()), brush_region(box(19))])


@pytest.mark.parametrize("side", [10**6, 10**12, -5])
def test_sizes_that_no_photo_has_take_no_memory(side):
    with pytest.raises(MaskError):
        read([brush_region(box(), original_width=side, original_height=side)])


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["brushlabels", "polygonlabels", "bitmasklabels", "brush", "top", "image"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["rle", "points", "imageDataURL", *KINDS]), inner)
    ),
    max_leaves=10,
)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), json_values), st.booleans())
def test_anything_is_a_mask_or_an_error(kind, changes, size_known):
    region = brush_region(box(6, 5, slice(1, 4), slice(1, 4)), type=kind) | changes
    size = (6, 5) if size_known else (None, None)
    with contextlib.suppress(MaskError):
        mask = read([region], *size)
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 1, 2, 3}


LEFT_OVER = [
    # As Label Studio 1.23.2 saves them: a click of a draft, what came of one a second time, a box.
    {"type": "keypoint", "from_name": "hemline_click", "value": {"x": 5, "y": 5, "width": 0.3}},
    {
        "type": "keypointlabels",
        "from_name": "hemline_click",
        "value": {"format": "rle", "rle": encode_brush(box() != 0), "keypointlabels": ["skirt"]},
    },
    {
        "type": "rectanglelabels",
        "from_name": "hemline_box",
        "value": {"x": 0, "y": 0, "width": 50, "height": 50, "rectanglelabels": ["coat"]},
    },
    {"type": "rectangle", "from_name": "hemline_box", "value": {"x": 0, "y": 0}},
]


@pytest.mark.parametrize("kept", LEFT_OVER, ids=lambda kept: str(kept["type"]))
def test_what_clicks_leave_behind_is_no_mask_and_no_fault(kept):
    kept = kept | {"id": "k", "to_name": "image", "original_width": 30, "original_height": 20}
    alone = read([kept], height=20, width=30)
    assert not alone.any()  # as if nothing were there
    beside = read([kept, *write(box()), kept])
    assert np.array_equal(beside, box())


def test_controls_that_only_point_are_known_by_the_label_config():
    config = LabelConfig("mask", "image", "image", LABELS, (), ("own",))
    kept = {"type": "keypointlabels", "from_name": "own", "to_name": "image", "value": {}}
    assert np.array_equal(read([kept, *write(box())], config=config), box())
