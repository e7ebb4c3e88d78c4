"""Label Studio's brush RLE: round trips, equality with its own SDK, and broken input."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hemline.errors import MaskError
from hemline.masks.codecs.brush import MAX_MASK_PIXELS, decode_brush, encode_brush

LABEL_STUDIO_PYTHON = Path(__file__).parents[3] / ".labelstudio/venv/bin/python"
SDK_PROGRAM = """
import json, sys
import numpy as np
from label_studio_sdk.converter.brush import decode_rle, encode_rle, mask2rle
answers = []
for case in json.load(sys.stdin):
    if "mask" in case:
        answers.append(mask2rle(np.array(case["mask"], dtype=np.uint8)))
    elif "values" in case:
        answers.append(encode_rle(np.array(case["values"]), rle_sizes=[3, 4, 8, 16]))
    else:
        answers.append(decode_rle(case["rle"]).tolist())
json.dump(answers, sys.stdout)
"""

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), fill=st.booleans())


def ask_sdk(cases: Sequence[Mapping[str, object]]) -> list[list[int]]:
    """What Label Studio's own SDK, in its own environment, makes of masks and RLEs."""
    if not LABEL_STUDIO_PYTHON.exists():
        pytest.skip(
            "Label Studio's environment .labelstudio/venv is absent: run `make labelstudio`"
        )
    answer = subprocess.run(
        [LABEL_STUDIO_PYTHON, "-c", SDK_PROGRAM],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answers: list[list[int]] = json.loads(answer.stdout)
    return answers


def example_masks() -> list[np.ndarray]:
    """Masks with runs of every length that has a block of its own, and a garment-like one."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:300, :200]
    garment = ((rows - 150) / 120) ** 2 + ((columns - 100) / 60) ** 2 < 1
    examples = [garment, garment[:, :60], rng.random((37, 41)) < 0.5, rng.random((64, 64)) < 0.05]
    examples += [np.zeros((1, 1), bool), np.ones((1, 1), bool), np.ones((200, 300), bool)]
    for pixels in (1, 2, 3, 4, 5, 64, 65, 16383, 16384, 16385, 16386, 32768, 32770):
        run = np.zeros((1, pixels + 2), bool)
        run[0, 1:-1] = True
        examples.append(run)
    return examples


@given(masks)
def test_decode_gives_back_what_was_encoded(mask):
    assert np.array_equal(decode_brush(encode_brush(mask), *mask.shape), mask * np.uint8(255))


@pytest.mark.parametrize("mask", example_masks(), ids=lambda mask: "x".join(map(str, mask.shape)))
def test_decode_gives_back_examples(mask):
    assert np.array_equal(decode_brush(encode_brush(mask), *mask.shape), mask * np.uint8(255))


def test_any_nonzero_is_inside_and_memory_order_does_not_matter():
    mask = np.asfortranarray(np.array([[0, 1, 2], [255, 0, 7]], dtype=np.uint8))
    assert encode_brush(mask) == encode_brush(mask != 0)
    assert encode_brush(mask[:, ::-1]) == encode_brush(np.ascontiguousarray(mask[:, ::-1]))


@pytest.mark.labelstudio
def test_encode_writes_the_very_bytes_of_label_studios_sdk():
    examples = example_masks()
    answers = ask_sdk([{"mask": (mask * 255).tolist()} for mask in examples])
    for mask, answer in zip(examples, answers, strict=True):
        assert encode_brush(mask) == answer


@pytest.mark.labelstudio
def test_label_studios_sdk_decodes_what_encode_writes():
    examples = example_masks()
    answers = ask_sdk([{"rle": encode_brush(mask)} for mask in examples])
    for mask, answer in zip(examples, answers, strict=True):
        pixels = np.array(answer).reshape(*mask.shape, 4)
        assert (pixels == (mask * 255)[..., None]).all()


@pytest.mark.labelstudio
def test_decode_reads_antialiased_pixels_whose_colour_is_not_their_alpha():
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (23, 17, 4), dtype=np.uint8)
    pixels[5:15] = 200  # Runs, long and over the rows' ends, between the single values.
    pixels[18] = (10, 20, 30, 255)
    (answer,) = ask_sdk([{"values": pixels.ravel().tolist()}])
    assert np.array_equal(decode_brush(answer, 23, 17), pixels[..., 3])


def pack(*fields: tuple[int, int]) -> list[int]:
    """(value, bits) fields as bytes, zero bits at the end."""
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    return [int(text[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(text), 8)]


def header(values: int, word_bits: int = 8, counters=(3, 4, 8, 16)) -> list[tuple[int, int]]:
    return [(values, 32), (word_bits - 1, 5), *((bits - 1, 4) for bits in counters)]


def test_decode_reads_blocks_of_single_values():
    """The editor's encoder, unlike the SDK's, gathers values that do not repeat in one block."""
    literal = [(0, 1), (0, 2), (8 - 1, 3), *((value, 8) for value in (1, 2, 3, 4, 5, 6, 7, 9))]
    repeat = [(1, 1), (1, 2), (12 - 1, 4), (77, 8)]
    rle = pack(*header(20), *literal, *repeat)
    assert decode_brush(rle, 1, 5).tolist() == [[4, 9, 77, 77, 77]]


def test_decode_reads_other_counter_sizes():
    rle = pack(
        *header(12, counters=(1, 2, 7, 12)),
        (1, 1),
        (1, 2),
        (3, 2),
        (5, 8),
        (1, 1),
        (3, 2),
        (7, 12),
        (250, 8),
    )
    assert decode_brush(rle, 3, 1).tolist() == [[5], [250], [250]]


def test_bytes_after_the_last_pixel_do_not_matter():
    mask = np.eye(9, dtype=bool)
    assert np.array_equal(decode_brush([*encode_brush(mask), 255, 1, 2, 3], 9, 9), mask * 255)


@given(masks, st.data())
def test_truncated_is_an_error_at_every_length(mask, data):
    rle = encode_brush(mask)
    # The last byte may be padding alone.
    kept = data.draw(st.integers(0, len(rle) - 2))
    with pytest.raises(MaskError):
        decode_brush(rle[:kept], *mask.shape)


@given(masks)
def test_another_size_is_an_error(mask):
    with pytest.raises(MaskError, match="values but a mask of"):
        decode_brush(encode_brush(mask), mask.shape[0] + 1, mask.shape[1])


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(1, 30), st.integers(1, 30), st.booleans())
def test_garbage_is_a_mask_or_an_error(data, height, width, good_header):
    if good_header:
        data = bytes(pack(*header(height * width * 4))) + data
    try:
        alpha = decode_brush(list(data), height, width)
    except MaskError:
        return
    assert alpha.shape == (height, width)
    assert alpha.dtype == np.uint8


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ([], "within its header"),
        (None, "not a list"),
        ("AAAA", "not a list"),
        (10**12, "not a list"),
        ([1, 2, 300], "not a byte"),
        ([1, 2, -1], "not a byte"),
        ([1, 2.5], "not a byte"),
        (["1"], "not a byte"),
        ([255] * 100, "words of 32 bits"),
        (pack(*header(2**32 - 1)), "holds 4294967295 values"),
        (pack(*header(36)), "ends after 0 of 36"),
        (pack(*header(36), (1, 1), (3, 2), (40, 16), (255, 8)), "more than its 36"),
        (pack(*header(36), (0, 1), (2, 2), (35, 8), (255, 8)), "within its last block"),
        (pack(*header(36, word_bits=16)), "words of 16 bits"),
    ],
)
def test_broken_rle_is_named(rle, message):
    with pytest.raises(MaskError, match=message):
        decode_brush(rle, 3, 3)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (MAX_MASK_PIXELS, 2), (10**9, 10**9)])
def test_sizes_that_no_photo_has_are_refused_before_memory_is_taken(size):
    with pytest.raises(MaskError):
        decode_brush([0] * 20, *size)


def test_encode_refuses_what_is_not_a_plane():
    with pytest.raises(MaskError, match="shape"):
        encode_brush(np.zeros((2, 2, 2), bool))
    with pytest.raises(MaskError, match="empty"):
        encode_brush(np.zeros((0, 2), bool))
