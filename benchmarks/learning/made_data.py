"""CCP's photos in the formats of ATR, Fashionpedia, ModaNet and iMaterialist, to try recipes on.

    python -m benchmarks.learning.made_data --ccp CCP --out DIR [--photos 200] [--width 256]

Writes DIR/atr (parquet), DIR/fashionpedia, DIR/modanet and DIR/imaterialist, each to be read by the
kind of its name. The photos are real; the labels are CCP's tags under the other data set's names.
What CCP does not know is made: skin becomes face, arms and legs by where it is, shoes and limbs are
told apart by the side of the body, and pockets, zips and bows are drawn onto the largest piece. A
model that has learnt these has learnt the format and the recipe, not the real data set.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.learning.polygons import mask_to_polygons
from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import ATR, FASHIONPEDIA, FASHIONPEDIA_GROUP, MODANET
from hemline.datasets.sample import Sample
from hemline.datasets.sources import open_data
from hemline.masks.codecs.coco import encode_coco_rle
from hemline.masks.codecs.png import encode_class_mask

Pixels = NDArray[np.uint8]
Piece = tuple[str, Pixels]  # category, mask of 0 and 1

SMALLEST = 24  # px of a piece

SHOES = ("boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers")
OF_FASHIONPEDIA: dict[str, tuple[str, ...]] = {
    "shirt, blouse": ("shirt", "blouse"),
    "top, t-shirt, sweatshirt": ("top", "t-shirt", "sweatshirt", "bra", "bodysuit"),
    "sweater": ("sweater", "jumper", "hoodie"),
    "cardigan": ("cardigan",),
    "jacket": ("jacket", "blazer", "suit"),
    "vest": ("vest",),
    "pants": ("pants", "jeans", "leggings"),
    "shorts": ("shorts",),
    "skirt": ("skirt",),
    "coat": ("coat",),
    "dress": ("dress",),
    "jumpsuit": ("romper",),
    "cape": ("cape",),
    "glasses": ("glasses", "sunglasses"),
    "hat": ("hat",),
    "tie": ("tie",),
    "glove": ("gloves",),
    "watch": ("watch", "bracelet"),
    "belt": ("belt",),
    "tights, stockings": ("tights", "stockings"),
    "sock": ("socks",),
    "shoe": (*SHOES, "wedges"),
    "bag, wallet": ("bag", "purse", "wallet"),
    "scarf": ("scarf",),
}
OF_MODANET: dict[str, tuple[str, ...]] = {
    "bag": ("bag", "purse", "wallet"),
    "belt": ("belt",),
    "boots": ("boots",),
    "footwear": (*SHOES[1:], "wedges"),
    "outer": ("coat", "jacket", "blazer", "suit", "cardigan", "vest", "romper", "cape", "hoodie"),
    "dress": ("dress",),
    "sunglasses": ("sunglasses", "glasses"),
    "pants": ("pants", "jeans", "leggings"),
    "top": ("top", "t-shirt", "shirt", "blouse", "sweater", "sweatshirt", "jumper", "bodysuit"),
    "shorts": ("shorts",),
    "skirt": ("skirt",),
    "headwear": ("hat",),
    "scarf/tie": ("scarf", "tie"),
}
OF_ATR: dict[str, tuple[str, ...]] = {
    "hat": ("hat",),
    "hair": ("hair",),
    "sunglasses": ("sunglasses", "glasses"),
    "upper-clothes": (
        *("shirt", "blouse", "top", "t-shirt", "sweatshirt", "bra", "bodysuit", "sweater", "tie"),
        *("jumper", "hoodie", "cardigan", "jacket", "blazer", "suit", "vest", "coat", "cape"),
    ),
    "skirt": ("skirt",),
    "pants": ("pants", "jeans", "leggings", "shorts"),
    "dress": ("dress", "romper"),
    "belt": ("belt",),
    "bag": ("bag", "purse", "wallet"),
    "scarf": ("scarf",),
}
LEGS = ("tights", "stockings", "socks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ccp", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--width", type=int, default=256)
    options = parser.parse_args()
    data = open_data(f"ccp:{options.ccp}", class_map("ccp-59"))
    named = {label: number for number, label in enumerate(data.labels, start=1)}
    rows, fashion, modanet = [], [], []
    for sample in balanced(data.samples, options.photos):
        photo, tags = scaled(*sample.load(), options.width)
        rows.append((jpeg(photo), encode_class_mask(as_atr(tags, named))))
        modanet.append((sample.id, photo, list(pieces(tags, named, OF_MODANET))))
        dressed = list(pieces(tags, named, OF_FASHIONPEDIA))
        trimmed = photo.copy()
        fashion.append((sample.id, trimmed, [*dressed, *draw_trims(trimmed, dressed)]))
    write_parquet(options.out / "atr" / "data" / "train-00000-of-00001.parquet", rows)
    moda_ids = {name: number for number, name in enumerate(OF_MODANET, start=1)}
    assert len(moda_ids) == len(MODANET)
    write_coco(options.out / "modanet", "modanet2018_instances_train.json", modanet, moda_ids, {})
    ids = {name: number for number, name in enumerate(FASHIONPEDIA)}
    name = "instances_attributes_train2020.json"
    write_coco(options.out / "fashionpedia", name, fashion, ids, FASHIONPEDIA_GROUP)
    write_csv(options.out / "imaterialist", fashion, ids)


def balanced(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Photos chosen one by one for the tags that the chosen ones have least of, so that a few dozen
    hold every class several times."""
    tags = [np.unique(sample.load()[1]) for sample in samples]
    left, chosen, seen = set(range(len(samples))), list[int](), np.zeros(256, np.int64)
    while left and len(chosen) < count:
        best = max(left, key=lambda index: ((1 / (1 + seen[tags[index]]) ** 2).sum(), -index))
        seen[tags[best]] += 1
        left.remove(best)
        chosen.append(best)
    return [samples[index] for index in chosen]


def scaled(photo: Pixels, tags: Pixels, width: int) -> tuple[Pixels, Pixels]:
    size = (width, round(photo.shape[0] * width / photo.shape[1]))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    ids = cv2.resize(tags, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(small, np.uint8), np.asarray(ids, np.uint8)


def inside(tags: Pixels, named: Mapping[str, int], names: Sequence[str]) -> Pixels:
    return np.isin(tags, [named[name] for name in names]).astype(np.uint8)


def islands(mask: Pixels) -> Iterator[Pixels]:
    count, numbered, stats, _ = cv2.connectedComponentsWithStats(mask)
    for island in range(1, count):
        if stats[island][cv2.CC_STAT_AREA] >= SMALLEST:
            yield (numbered == island).astype(np.uint8)


def pieces(
    tags: Pixels, named: Mapping[str, int], table: Mapping[str, tuple[str, ...]]
) -> Iterator[Piece]:
    for category, names in table.items():
        for island in islands(inside(tags, named, names)):
            yield category, island


def as_atr(tags: Pixels, named: Mapping[str, int]) -> Pixels:
    """ATR's class ids: skin, legs and shoes are told apart by where on the body they are."""
    mask = np.zeros_like(tags)
    ids = {label: number for number, label in enumerate(ATR, start=1)}
    for label, names in OF_ATR.items():
        mask[inside(tags, named, names) > 0] = ids[label]
    rows, columns = np.nonzero(tags)
    if not rows.size:
        return mask
    top, height, middle = rows.min(), np.ptp(rows) + 1, np.median(columns)
    for group, names in (("skin", ("skin",)), ("leg", LEGS), ("shoe", (*SHOES, "wedges"))):
        for island in islands(inside(tags, named, names)):
            where = np.argwhere(island).mean(axis=0)
            side = "left" if where[1] >= middle else "right"
            down = (where[0] - top) / height
            part = f"{side}-{'arm' if down < 0.55 else 'leg'}" if group == "skin" else ""
            label = "face" if group == "skin" and down < 0.2 else part or f"{side}-{group}"
            mask[island > 0] = ids[label]
    return mask


def draw_trims(photo: Pixels, dressed: Sequence[Piece]) -> Iterator[Piece]:
    """Draws a zip, a pocket and a bow onto the largest piece, in place, and gives their masks."""
    if not dressed:
        return
    piece = max((mask for _, mask in dressed), key=np.count_nonzero)
    depth = cv2.distanceTransform(piece, cv2.DIST_L2, 3)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    half = int(depth.max())
    if half < 8:
        return
    across = max(4, half // 3)
    colour = photo[piece > 0].mean(axis=0)
    for category, box, tint in (
        ("zipper", (row - half // 2, column - 1, row + half // 2, column + 2), (215, 215, 60)),
        ("pocket", (row, column - across - 3, row + across, column - 3), tuple(255 - colour)),
        ("bow", (row - across, column + 3, row, column + 3 + across), (240, 40, 160)),
    ):
        mask = np.zeros_like(piece)
        mask[max(0, box[0]) : box[2], max(0, box[1]) : box[3]] = 1
        photo[mask > 0] = np.asarray(tint).astype(np.uint8)
        yield category, mask


def jpeg(photo: Pixels) -> bytes:
    data = cv2.imencode(".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))[1]
    return bytes(data.tobytes())


def write_parquet(path: Path, rows: Sequence[tuple[bytes, bytes]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {
        name: pa.array([{"bytes": row[k], "path": None} for row in rows], struct)
        for k, name in enumerate(("image", "mask"))
    }
    pq.write_table(pa.table(columns), path, row_group_size=100)


def write_coco(
    folder: Path,
    name: str,
    photos: Sequence[tuple[str, Pixels, list[Piece]]],
    ids: Mapping[str, int],
    groups: Mapping[str, str],
) -> None:
    """Polygons for pieces without holes, run lengths for the others, as Fashionpedia mixes them."""
    (folder / "train").mkdir(parents=True, exist_ok=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (stem, photo, found) in enumerate(photos):
        (folder / "train" / f"{stem}.jpg").write_bytes(jpeg(photo))
        height, width = photo.shape[:2]
        size = {"height": height, "width": width}
        images.append({"id": number, "file_name": f"{stem}.jpg", **size})
        for category, mask in found:
            whole = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
            polygons = mask_to_polygons(mask) if len(whole) == 1 or not groups else []
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": number,
                    "category_id": ids[category],
                    "segmentation": polygons or encode_coco_rle(mask),
                    "area": int(np.count_nonzero(mask)),
                    "iscrowd": 0 if polygons else 1,
                }
            )
    categories = [
        {"id": number, "name": label, "supercategory": groups.get(label, "fashion")}
        for label, number in ids.items()
    ]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / name).write_text(json.dumps(document), encoding="utf-8")


def write_csv(
    folder: Path, photos: Sequence[tuple[str, Pixels, list[Piece]]], ids: Mapping[str, int]
) -> None:
    (folder / "train").mkdir(parents=True, exist_ok=True)
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["ImageId", "EncodedPixels", "Height", "Width", "ClassId"])
        for stem, photo, found in photos:
            (folder / "train" / f"{stem}.jpg").write_bytes(jpeg(photo))
            for category, mask in found:
                edges = np.flatnonzero(np.diff(mask.ravel(order="F"), prepend=0, append=0)) + 1
                runs = np.column_stack([edges[::2], edges[1::2] - edges[::2]]).ravel()
                encoded = " ".join(map(str, runs.tolist()))
                writer.writerow([f"{stem}.jpg", encoded, *photo.shape[:2], ids[category]])


if __name__ == "__main__":
    main()
