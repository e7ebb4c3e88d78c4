"""Labels as people name them: quotes, slashes, emoji, one in two controls, sixty of them."""

from typing import Any

import numpy as np
import pytest

from hemline.errors import LabelConfigError, MaskError
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import as_shown, mask_to_regions, regions_to_mask
from hemline.masks.codecs.region import CONTROLS, Control
from hemline.masks.parts import RegionsPer

ODD = (
    'the "zip"',
    "top/shirt\\vest",
    "👗",
    "<b>&amp;",
    "'; DROP TABLE project; --",
    "#1",
    "a = b",
    "Ärmel, links",
    " coat ",
    "two  spaces",
)
SIXTY = (*ODD, *(f"label {number}" for number in range(60 - len(ODD))))


def stripes() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(180, 40): each of the sixty labels in two patches."""
    mask = np.zeros((180, 40), np.uint8)
    for number in range(60):
        mask[3 * number : 3 * number + 2, 2:12] = number + 1
        mask[3 * number : 3 * number + 2, 20:38] = number + 1
    return mask


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("per", RegionsPer)
def test_nothing_of_sixty_odd_labels_is_lost(control: Control, per: RegionsPer) -> None:
    config = parse_label_config(render_label_config(SIXTY, control))
    assert config.labels == SIXTY
    regions = mask_to_regions(
        stripes(),
        config=config,
        labels=SIXTY,
        region_scores=dict.fromkeys(SIXTY, 0.5),
        seed="7/v1",
        per=per,
    )
    apart = control == "polygon" or per is RegionsPer.PART
    assert len(regions) == len({region["id"] for region in regions}) == (120 if apart else 60)
    names = [region["value"][f"{control}labels"][0] for region in regions]
    assert tuple(dict.fromkeys(names)) == SIXTY
    read = regions_to_mask(regions, config=config, labels=SIXTY, height=180, width=40)
    assert np.array_equal(read, as_shown(stripes(), config))


@pytest.mark.parametrize("label", ODD)
def test_a_label_that_the_project_lacks_is_named(label: str) -> None:
    config = parse_label_config(render_label_config([label]))
    drawn = mask_to_regions(
        np.ones((4, 4), np.uint8), config=config, labels=[label], region_scores={}, seed=""
    )
    others = parse_label_config(render_label_config([f"label {k}" for k in range(60)]))
    with pytest.raises(MaskError, match="is not among label 0, label 1") as caught:
        regions_to_mask(drawn, config=others, labels=others.labels, height=4, width=4)
    assert repr(label)[1:-1] in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_the_same_label_in_two_controls_is_one() -> None:
    config = parse_label_config(
        '<View><Image name="image" value="$image"/>'
        '<BrushLabels name="mask" toName="image">'
        '<Label value="👗"/><Label value="a/b"/></BrushLabels>'
        '<PolygonLabels name="outline" toName="image"><Label value="👗"/></PolygonLabels></View>'
    )
    assert config.labels == ("👗", "a/b")
    drawn = []
    for control, name, columns in (("brush", "mask", 10), ("polygon", "outline", 30)):
        own = parse_label_config(render_label_config(["👗"], control))  # type: ignore[arg-type]
        mask = np.zeros((20, 40), np.uint8)
        mask[5:15, columns - 5 : columns + 5] = 1
        drawn += mask_to_regions(mask, config=own, labels=["👗"], region_scores={}, seed=name)
        drawn[-1]["from_name"] = name
    read = regions_to_mask(drawn, config=config, labels=config.labels, height=20, width=40)
    assert read[10, 10] == read[10, 30] == 1
    assert np.count_nonzero(read) == 200


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
def test_a_label_of_blanks_is_refused(blank: str) -> None:
    with pytest.raises(LabelConfigError, match="a label without a value; name it or remove it"):
        parse_label_config(
            '<View><Image name="image" value="$image"/><BrushLabels name="m" toName="image">'
            f'<Label value="top"/><Label value="{blank}"/></BrushLabels></View>'
        )
