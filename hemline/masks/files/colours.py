"""What a coloured mask says: a picture in two colours, a palette, or a shape on nothing."""

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.figures.overlap import IGNORE
from hemline.masks.files.levels import (
    HIGHEST_ID_BESIDE_VOID,
    Mask,
    check_surroundings,
    read_levels,
    two_levels,
)

_GREY = 8  # levels by which the channels of a grey differ, in a JPEG
_NEUTRAL = 32  # levels from which a colour is not black, white or grey
_APART = 48  # distance in RGB from which two colours are two
_OFF = 56  # distance in RGB by which a mixture of two colours may miss the line between them
_OPAQUE_FROM = 128


def read_rgb(pixels: Mask, *, lossless: bool = True) -> Mask:
    """The class ids (H, W) uint8 of a mask (H, W, 3) uint8 RGB; see `read_levels` for a grey one.

    Of two colours the one that is not black, white or grey is garment.

    Raises:
        MaskError: it has more colours than two, or may be read in two ways.
    """
    spread = np.ptp(pixels.astype(np.int16), axis=2)
    if spread.max(initial=0) <= _GREY:
        return read_levels(pixels.max(axis=2), lossless=lossless)
    first, second = _two_colours(pixels)
    if (np.ptp(first) > _NEUTRAL) == (np.ptp(second) > _NEUTRAL):
        raise MaskError(
            f"its two colours are {_name(first)} and {_name(second)}; say which is garment with "
            "--garment-is light or --garment-is dark"
        )
    if np.ptp(first) > _NEUTRAL:
        first, second = second, first
    inside = two_levels(_share(pixels, first, second))
    check_surroundings(inside, f"{_name(second)} would be garment, all around {_name(first)}")
    return inside.astype(np.uint8)


def read_palette(indices: Mask, palette: Mask) -> Mask:
    """The class ids (H, W) uint8 of a mask with a palette.

    Indices are class ids. Where programs sort the palette they are not, so that the colours must
    not say otherwise: black and white, or a soft edge between two colours, is read as a picture.

    Args:
        indices: (H, W) uint8.
        palette: (256, 3) uint8 RGB.

    Raises:
        MaskError: indices and colours contradict each other.
    """
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
    colours = palette[used]
    ids = _only_void(indices, used)
    if used.size > 1 and (colours == colours[0]).all():
        return ids
    if (np.ptp(colours.astype(np.int16), axis=1) <= _GREY).all():
        return _grey_palette(indices, palette.max(axis=1), used, ids)
    if used.size == 2 or (used.size > 2 and _on_a_line(palette[indices], colours)):
        by_colour = _or_none(palette[indices])
        if by_colour is not None:
            unsure = used.size == 2 and 0 in used
            return _agreed(by_colour, ids, palette[0]) if unsure else by_colour
    if 0 in used and palette[0].any():
        check_surroundings(indices > 0, "its index 0 is not around the rest")
    return ids


def read_transparent(pixels: Mask, alpha: Mask) -> Mask | None:
    """1 where a shape on nothing is, (H, W) uint8; None where alpha says nothing, being the same
    everywhere.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8.

    Raises:
        MaskError: nothing is visible though the pixels differ, or what is visible is itself a mask.
    """
    inside = alpha >= _OPAQUE_FROM
    if inside.all() or (alpha == alpha.flat[0]).all():
        if not alpha.any() and (pixels != pixels[:1, :1]).any():
            raise MaskError(
                "it is transparent everywhere; save it without transparency, or say which of its "
                "colours is garment with --garment-is light or --garment-is dark"
            )
        return None if alpha.any() else np.zeros(alpha.shape, np.uint8)
    if _is_two_coloured(pixels[inside]):
        raise MaskError(
            "it has transparent parts and two visible colours; say which is the mask "
            "with --garment-is alpha, light or dark"
        )
    check_surroundings(inside, "its transparent part is enclosed by the visible part")
    return inside.astype(np.uint8)


def _grey_palette(indices: Mask, grey: Mask, used: NDArray[np.intp], ids: Mask) -> Mask:
    greys = grey[used]
    small = greys[(greys > 0) & (greys < IGNORE)]
    if (greys == used).all() or (small.size and small.max() <= HIGHEST_ID_BESIDE_VOID):
        # Greyscale that a program gave a palette to save space.
        return read_levels(grey[indices])
    try:
        by_grey = read_levels(grey[indices])
    except MaskError:
        if used.size <= 2 or greys[0] > 0 or used[0] > 0:
            raise
        return ids
    return by_grey if used.size > 2 else _agreed(by_grey, ids, np.repeat(grey[:1], 3))


def _agreed(by_colour: Mask, ids: Mask, first: Mask) -> Mask:
    """The ids, where they and the colours take the same for garment."""
    if not np.array_equal(by_colour > 0, ids > 0):
        raise MaskError(
            f"its palette begins with {_name(first)}: by its indices that is background, by its "
            "colours garment; say which is right with --garment-is nonzero, light, dark or colour"
        )
    return ids


def _only_void(indices: Mask, used: NDArray[np.intp]) -> Mask:
    """255 is void beside class ids, and garment where there is nothing else."""
    return (indices > 0).astype(np.uint8) if set(used.tolist()) <= {0, IGNORE} else indices


def _or_none(pixels: Mask) -> Mask | None:
    try:
        return read_rgb(pixels)
    except MaskError:
        return None


def _on_a_line(pixels: Mask, colours: Mask) -> bool:
    """Whether all colours are mixtures of the two that most pixels have."""
    try:
        first, second = _two_colours(pixels)
    except MaskError:
        return False
    return bool((_distance(colours[None], first, second) <= _OFF).all())


def _two_colours(pixels: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two colours (3,) of a picture, the more frequent one first."""
    coarse = (pixels >> 3).astype(np.int32) @ np.array([1 << 10, 1 << 5, 1], np.int32)
    counts = np.bincount(coarse.ravel(), minlength=1 << 15)
    bins = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    centres = np.column_stack([bins >> 10, (bins >> 5) & 31, bins & 31]) * 8.0
    far = bins[np.linalg.norm(centres - centres[0], axis=1) >= _APART]
    if not far.size:
        raise MaskError("it is a single colour; say what that is with --garment-is light or dark")
    one, two = (np.median(pixels[coarse == k], axis=0) for k in (bins[0], far[0]))
    if (_distance(pixels, one, two) > _OFF).mean() > 0.03:
        raise MaskError(
            "it has more than two colours; save it as black and white or as "
            "class ids in a palette PNG, or give --garment-is nonzero if everything but black is "
            "garment"
        )
    return one, two


def _share(
    pixels: Mask, first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """(H, W) uint8: how much of the second colour is in each pixel, 0 to 255."""
    line = second - first
    share = (pixels - first) @ line / (line @ line)
    return np.asarray(np.clip(np.rint(share * 255), 0, 255), np.uint8)


def _distance(
    pixels: Mask, first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(H, W): how far each pixel is from the line between two colours."""
    line = (second - first) / np.linalg.norm(second - first)
    away = pixels - first
    along = away @ line
    return np.asarray(np.linalg.norm(away - along[..., None] * line, axis=-1))


def _is_two_coloured(colours: Mask) -> bool:
    """Whether nearly all of the pixels (N, 3) have one of two colours that are far apart."""
    coarse = (colours >> 5).astype(np.int32) @ np.array([64, 8, 1], np.int32)
    counts = np.bincount(coarse.ravel(), minlength=512)
    one, two = np.argsort(-counts)[:2]
    apart = np.abs(
        np.array([one >> 6, (one >> 3) & 7, one & 7])
        - np.array([two >> 6, (two >> 3) & 7, two & 7])
    ).max()
    total = max(1, coarse.size)
    return bool(
        apart >= 4 and counts[[one, two]].sum() >= 0.98 * total and counts[two] >= 0.02 * total
    )


def _name(colour: NDArray[np.float64] | Mask) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)
