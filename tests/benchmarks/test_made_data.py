"""CCP's photos in other formats: what is written is read back, the same from each."""

import numpy as np

from benchmarks.learning.made_data import (
    OF_FASHIONPEDIA,
    OF_MODANET,
    as_atr,
    draw_trims,
    jpeg,
    pieces,
    write_coco,
    write_csv,
    write_parquet,
)
from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import (
    ATR,
    CCP,
    FASHIONPEDIA,
    FASHIONPEDIA_GROUP,
    MODANET,
)
from hemline.datasets.sources import open_data
from hemline.masks.codecs.png import encode_class_mask
from tests.datasets.files import photo

NAMED = {tag: number for number, tag in enumerate(CCP, start=1)}
FASHION_IDS = {name: number for number, name in enumerate(FASHIONPEDIA)}


def dressed():
    """Tags of somebody in a dress with a hole for her belt, facing us."""
    tags = np.zeros((120, 80), np.uint8)
    for tag, (top, left, bottom, right) in {
        "hair": (5, 34, 10, 46),
        "skin": (10, 35, 18, 45),
        "dress": (20, 25, 80, 55),
        "belt": (45, 30, 50, 50),
        "scarf": (20, 36, 26, 44),
        "bag": (60, 57, 75, 70),
    }.items():
        tags[top:bottom, left:right] = NAMED[tag]
    tags[80:105, 30:36] = tags[80:105, 44:50] = NAMED["skin"]
    tags[105:112, 28:36] = tags[105:112, 44:52] = NAMED["pumps"]
    return tags


def test_fashionpedia_and_imaterialist_hold_the_same(tmp_path):
    image = photo(120, 80)
    found = list(pieces(dressed(), NAMED, OF_FASHIONPEDIA))
    found += draw_trims(image, found)
    write_coco(tmp_path / "f", "f.json", [("a", image, found)], FASHION_IDS, FASHIONPEDIA_GROUP)
    write_csv(tmp_path / "i", [("a", image, found)], FASHION_IDS)
    for name in ("fashionpedia-46", "fashionpedia-13", "atr-18", "garment"):
        one, other = (
            open_data(source, class_map(name)).samples[0].load()[1]
            for source in (f"fashionpedia:{tmp_path / 'f'}", f"imaterialist:{tmp_path / 'i'}")
        )
        assert (one == other).all()
        assert one.any()


def test_atr_has_a_body_with_sides(tmp_path):
    mask = as_atr(dressed(), NAMED)
    write_parquet(tmp_path / "x.parquet", [(jpeg(photo(120, 80)), encode_class_mask(mask))])
    (sample,) = open_data(f"atr:{tmp_path}", class_map("atr-18")).samples
    read = sample.load()[1]
    names = {ATR[number - 1] for number in np.unique(read) if number}
    assert names == {
        *("hair", "dress", "belt", "scarf", "bag", "face", "left-leg", "right-leg"),
        *("left-shoe", "right-shoe"),
    }
    assert ATR[read[108, 48] - 1] == "left-shoe"
    assert ATR[read[108, 30] - 1] == "right-shoe"


def test_modanet(tmp_path):
    ids = {name: number for number, name in enumerate(OF_MODANET, start=1)}
    found = list(pieces(dressed(), NAMED, OF_MODANET))
    write_coco(tmp_path, "m.json", [("a", photo(120, 80), found)], ids, {})
    data = open_data(f"modanet:{tmp_path}", class_map("modanet-13"))
    mask = data.samples[0].load()[1]
    assert data.labels == MODANET
    names = {MODANET[number - 1] for number in np.unique(mask) if number}
    assert names == {"bag", "belt", "footwear", "dress", "scarf & tie"}
