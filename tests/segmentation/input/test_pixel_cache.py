"""The cache of decoded photos: parts of it are the same photos without decoding them again."""

import numpy as np

from hemline.datasets.sample import Sample
from hemline.errors import ImageError
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.recipe.parts import Input
from tests.segmentation.discs import SIDE


def test_a_part_has_the_entries_of_its_samples(samples, tmp_path):
    def broken():
        raise ImageError("image 'b.jpg' is truncated; upload it again")

    bad = Sample(id="bad", garment="bad", view="", source="discs", load=broken)
    mixed = [samples[0], bad, *samples[1:4]]
    whole = PixelCache(mixed, Input(pixels=SIDE * SIDE), tmp_path / "p.pixels")
    assert (len(whole), [item.id for item in whole.skipped]) == (4, ["bad"])
    part = whole.part([3, 1])
    assert (part.ids, [item.id for item in part.skipped]) == (["s2"], ["bad"])
    image, mask = part[0]
    theirs = whole[2]
    np.testing.assert_array_equal(image, theirs[0])
    np.testing.assert_array_equal(mask, theirs[1])
    assert part.counts.sum() == SIDE * SIDE
    assert part.counts[1] == np.count_nonzero(mask)
    assert whole.part([1]).counts.tolist() == [0] * 256


def test_what_is_ignored_stays_so_at_the_networks_size_and_a_wholly_void_mask_is_named(tmp_path):
    mask = np.full((3 * SIDE, 2 * SIDE), IGNORE, dtype=np.uint8)
    mask[: 2 * SIDE, :SIDE] = 4
    photo = np.zeros((*mask.shape, 3), np.uint8)
    samples = [
        Sample("part", "part", "", "", lambda: (photo, mask)),
        Sample("void", "void", "", "", lambda: (photo, np.full_like(mask, IGNORE))),
    ]
    options = Input(pixels=SIDE * SIDE, fit="letterbox")
    cache = PixelCache(samples, options, tmp_path / "p.pixels")
    assert [item.id for item in cache.skipped] == ["void"]
    assert "no pixel of its mask is labelled" in cache.skipped[0].problem
    laid = cache[0][1]
    assert np.flatnonzero(cache.counts).tolist() == [0, 4, IGNORE]
    assert not laid[:, [0, -1]].any()  # around the photo there is background
    assert cache.counts[4] == np.count_nonzero(laid == 4)
    assert abs(cache.counts[IGNORE] / cache.counts[4] - 2) < 0.1
