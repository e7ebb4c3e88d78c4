"""Label Studio's brush RLE: a mask as a list of bytes, and back.

The format is rle-pack of thi.ng/umbrella, a stream of bits, most significant first:

    32 bits  number of values          5 bits  word size - 1
    4 x 4 bits  the four counter sizes - 1, Label Studio's are 3, 4, 8 and 16
    then blocks: 1 bit repeat?, 2 bits which counter, the counter (count - 1), and
    the value once (repeat) or `count` values (no repeat)

Label Studio packs an image of RGBA pixels, row by row, whose alpha is the mask.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

# The largest canvas a browser draws on (Chromium: 16384 x 16384). No brush mask can be larger, and
# a few kilobytes of broken RLE must not be able to ask for gigabytes of memory.
MAX_MASK_PIXELS = 2**28

_CHANNELS = 4
_ALPHA = 3
_WORD_BITS = 8
_COUNTER_BITS = (3, 4, 8, 16)
_HEADER_BITS = 32 + 5 + 4 * 4
_LONGEST_RUN = 2**16
_MIN_BLOCK_BITS = 1 + 2 + 1 + _WORD_BITS
_WAY_OUT = "delete the region in Label Studio and draw it again"


def encode_brush(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> list[int]:
    """Pack a mask as Label Studio's brush RLE.

    Args:
        mask: (H, W), any non-zero pixel is inside. Inside becomes alpha 255, for Label Studio draws
            an alpha of 1 as good as invisible.

    Returns:
        Bytes 0..255, equal to those of `mask2rle` of label_studio_sdk on the same 0/255 mask.

    Raises:
        MaskError: the mask is not two-dimensional, is empty or is over 2**28 pixels.
    """
    if mask.ndim != 2:
        raise MaskError(f"mask has shape {mask.shape}; a brush mask is (height, width)")
    check_mask_size(*mask.shape)
    values, lengths, counter = _blocks(*_runs(mask))
    counter_bits = np.asarray(_COUNTER_BITS)[counter]
    codes = (1 << 2 | counter) << counter_bits | (lengths - 1)
    codes = codes << _WORD_BITS | values
    return list(_pack_bits(codes, 3 + counter_bits + _WORD_BITS, mask.size * _CHANNELS))


def decode_brush(rle: Sequence[int], height: int, width: int) -> NDArray[np.uint8]:
    """Unpack Label Studio's brush RLE into its alpha channel.

    Args:
        rle: bytes 0..255.
        height, width: size of the photo in pixels.

    Returns:
        (height, width) alpha 0..255. Strokes of Label Studio's editor are antialiased: above 127
        is inside.

    Raises:
        MaskError: the RLE is truncated, is no RLE at all, or holds another number of pixels.
    """
    check_mask_size(height, width)
    data = _as_bytes(rle)
    expected = height * width * _CHANNELS
    counter_bits = _read_header(data, expected, height, width)
    starts = _block_starts(data, counter_bits)
    values, lengths = _pieces(data, starts, counter_bits, expected)
    # Pixel k's alpha is value 4k + 3, so the first n values hold n // 4 alphas.
    ends = np.cumsum(lengths) // _CHANNELS
    return np.repeat(values, np.diff(ends, prepend=0)).reshape(height, width)


def check_mask_size(height: int, width: int) -> None:
    """Raise MaskError for a size that no mask of Label Studio's can have."""
    if not (height > 0 and width > 0):
        raise MaskError(f"mask of {width} x {height} px is empty; give the photo's size")
    if height * width > MAX_MASK_PIXELS:
        raise MaskError(
            f"mask of {width} x {height} px is larger than a browser can draw, "
            f"{MAX_MASK_PIXELS // 10**6} Mpx; use a smaller photo"
        )


def _runs(
    mask: NDArray[np.bool_] | NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Values (0 or 255) and lengths, in RGBA values, of the runs of the mask, row by row."""
    inside = np.ascontiguousarray(mask != 0).ravel()
    starts = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    lengths = np.diff(starts, prepend=0, append=inside.size) * _CHANNELS
    values = np.zeros(lengths.size, dtype=np.int64)
    values[int(not inside[0]) :: 2] = 255
    return values, lengths.astype(np.int64)


def _blocks(
    values: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Values, lengths and counters of the blocks: runs, the longest ones cut, the rest last."""
    # The smallest counter that holds the run. What is left of a cut run keeps the largest one, as
    # in label_studio_sdk: output equal to its own is worth more than a few bits.
    counter = np.searchsorted([1 << bits for bits in _COUNTER_BITS[:-1]], lengths)
    chunks = (lengths - 1) // _LONGEST_RUN + 1
    cut = np.full(int(chunks.sum()), _LONGEST_RUN, dtype=np.int64)
    cut[np.cumsum(chunks) - 1] = lengths - (chunks - 1) * _LONGEST_RUN
    return np.repeat(values, chunks), cut, np.repeat(counter, chunks)


def _pack_bits(codes: NDArray[np.int64], sizes: NDArray[np.int64], count: int) -> bytes:
    """Header and codes (each `sizes` bits of an int) as one stream of bits."""
    header = count
    for value, size in ((_WORD_BITS - 1, 5), *((bits - 1, 4) for bits in _COUNTER_BITS)):
        header = header << size | value
    head = np.array([int(bit) for bit in f"{header:0{_HEADER_BITS}b}"], dtype=np.uint8)
    bits = np.unpackbits(codes.astype(">u4").view(np.uint8)).reshape(-1, 32)
    body = bits[np.arange(32) >= 32 - sizes[:, None]]
    stream = np.concatenate([head, body])
    # label_studio_sdk pads with 1 to 8 zero bits, never with none.
    padding = 8 - stream.size % 8
    return np.packbits(np.pad(stream, (0, padding))).tobytes()


def _as_bytes(rle: Sequence[int]) -> bytes:
    if not isinstance(rle, (list, tuple, bytes, bytearray)):
        raise MaskError(f"brush RLE is a {type(rle).__name__}, not a list of bytes; {_WAY_OUT}")
    try:
        return bytes(rle)
    except (TypeError, ValueError) as error:
        raise MaskError(f"brush RLE holds a value that is not a byte; {_WAY_OUT}") from error


def _read_header(data: bytes, expected: int, height: int, width: int) -> tuple[int, ...]:
    """The four counter sizes in bits, once the rest of the header is found to fit."""
    if len(data) * 8 < _HEADER_BITS:
        raise MaskError(f"brush RLE ends within its header, at byte {len(data)}; {_WAY_OUT}")
    header = int.from_bytes(data[:7]) >> (7 * 8 - _HEADER_BITS)
    count, word_bits = header >> 21, (header >> 16 & 31) + 1
    if word_bits != _WORD_BITS:
        raise MaskError(
            f"brush RLE has words of {word_bits} bits, Label Studio's have 8; {_WAY_OUT}"
        )
    if count != expected:
        raise MaskError(
            f"brush RLE holds {count} values but a mask of {width} x {height} px has {expected}; "
            f"{_WAY_OUT} on the right photo"
        )
    return tuple((header >> shift & 15) + 1 for shift in (12, 8, 4, 0))


def _block_starts(data: bytes, counter_bits: tuple[int, ...]) -> NDArray[np.int64]:
    """Bit positions of all blocks up to the end of the data.

    The one step that cannot be vectorised: where a block ends depends on what it holds. It only
    hops from block to block, so it takes time by the runs and not by the pixels.
    """
    repeat_sizes = [3 + bits + _WORD_BITS for bits in counter_bits]
    padded = data + bytes(4)
    last = len(data) * 8 - _MIN_BLOCK_BITS
    starts = []
    position = _HEADER_BITS
    while position <= last:
        starts.append(position)
        byte = position >> 3
        window = int.from_bytes(padded[byte : byte + 4]) << (position & 7) & 0xFFFFFFFF
        kind = window >> 29
        if kind & 4:
            position += repeat_sizes[kind & 3]
        else:
            bits = counter_bits[kind]
            count = (window >> (29 - bits) & (1 << bits) - 1) + 1
            position += 3 + bits + count * _WORD_BITS
    return np.array(starts, dtype=np.int64)


def _pieces(
    data: bytes, starts: NDArray[np.int64], counter_bits: tuple[int, ...], expected: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Values and lengths of runs that together hold exactly `expected` values."""
    kind = _read_bits(data, starts, np.int64(3))
    repeat = kind >= 4
    bits = np.asarray(counter_bits, dtype=np.int64)[kind & 3]
    counts = _read_bits(data, starts + 3, bits) + 1
    blocks = int(np.searchsorted(np.cumsum(counts), expected)) + 1
    if blocks > starts.size:
        raise MaskError(f"brush RLE ends after {counts.sum()} of {expected} values; {_WAY_OUT}")
    repeat, counts = repeat[:blocks], counts[:blocks]
    words = np.where(repeat, 1, counts)
    first_word = starts[:blocks] + 3 + bits[:blocks]
    if first_word[-1] + words[-1] * _WORD_BITS > len(data) * 8:
        raise MaskError(f"brush RLE ends within its last block; {_WAY_OUT}")
    if counts.sum() != expected:
        raise MaskError(f"brush RLE holds more than its {expected} values; {_WAY_OUT}")
    within = np.arange(words.sum()) - np.repeat(np.cumsum(words) - words, words)
    values = _read_bits(data, np.repeat(first_word, words) + within * _WORD_BITS, np.int64(8))
    lengths = np.repeat(np.where(repeat, counts, 1), words)
    return values.astype(np.uint8), lengths


def _read_bits(
    data: bytes, positions: NDArray[np.int64], sizes: NDArray[np.int64] | np.int64
) -> NDArray[np.int64]:
    """The unsigned numbers of `sizes` bits (16 at most) at bit `positions` of the data."""
    stream = np.frombuffer(data + bytes(4), dtype=np.uint8)
    byte = np.minimum(positions >> 3, len(data))
    window = (
        stream[byte].astype(np.int64) << 16
        | stream[byte + 1].astype(np.int64) << 8
        | stream[byte + 2]
    )
    numbers: NDArray[np.int64] = window >> (24 - (positions & 7) - sizes) & (1 << sizes) - 1
    return numbers
