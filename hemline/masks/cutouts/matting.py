"""Soft alpha at a photo's own size, and the garment's colours without the backdrop in them.

Closed-form matting (Levin, Lischinski, Weiss, PAMI 2008) in a band along the mask's edge, and
multi-level foreground estimation (Germer et al., ICPR 2020), both by pymatting. Importing it takes
seconds, for it compiles: only what needs it does.
"""

import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError

Pixels = NDArray[np.uint8]

BAND_SHARE = 0.012  # of the longer side: how far hair and threads run out of a mask
_LEAST_BAND_PX = 3
_DOUBTFUL = (0.1, 0.9)  # probabilities between which the network cannot say
_WIDEST = 2.5  # times the band: how far doubt may widen it
_MARGIN_PX = 8  # around the band, so that both sides are seen
_MOST_UNKNOWN = 45_000  # pixels; beyond them alpha is found on a smaller photo
_GUIDE_PX = 2  # of the smaller photo, around a pixel
_GUIDE_NOISE = 1e-4  # variance of colours 0..1 that says nothing
_SAME_COLOUR = 7.0  # Lab distance within which a pixel shows what is behind
_HOLE_SHARE = 0.02  # of the longer side: a wider spot is no hole between threads
_THREAD_PX = 4  # around a hole: what may be thread
_SMALL = 256  # px: the backdrop is spread over the garment on a photo this small
_LEAST_CONTRAST = 40.0  # RGB distance of cloth and backdrop, below which no hole is told
_SEEN_FROM = 0.03  # a thread's share of a pixel below which it is noise
# The threads that pymatting's compiled loops share end the process where two callers meet.
_one_at_a_time = threading.Lock()
_NOTHING, _ALL = 0.02, 0.98  # alpha below and above which a pixel is all one or the other


def cut_out_softly(
    photo: Pixels,
    mask: NDArray[np.bool_] | Pixels,
    *,
    garment: NDArray[np.floating] | None = None,
    sheer: bool = False,
) -> Pixels:
    """Cut a garment out of its photo with a soft edge.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W), any non-zero pixel is inside.
        garment: (H, W) probability of garment 0..1, where a network predicted the mask: the band
            in which alpha is sought is wider where it cannot say.
        sheer: look through mesh and lace too: spots inside the mask that show the backdrop's colour
            become holes. A print in that very colour would, so it has to be asked for.

    Returns:
        (H, W, 4) uint8 RGBA. Away from the edge the photo's pixels or nothing; in the band the
        garment's share of each pixel, and its colour without the backdrop's. Clear pixels are
        black, so that nothing of what was cut away stays in the file.

    Raises:
        MaskError: the photo and the mask are not of one size.
    """
    inside = np.asarray(mask != 0)
    if photo.shape != (*inside.shape, 3):
        raise MaskError(
            f"photo of shape {photo.shape} and mask of shape {inside.shape} do not fit; resize one"
        )
    unknown = find_band(inside, garment)
    cutout = np.dstack([photo, inside.astype(np.uint8) * np.uint8(255)])
    if unknown.any() and inside.any():
        window = _around(unknown)
        cutout[window] = _matte(photo[window], inside[window], unknown[window])
    if sheer:
        _look_through(cutout, photo, inside)
    cutout[cutout[..., 3] == 0] = 0
    return cutout


def find_band(
    inside: NDArray[np.bool_], garment: NDArray[np.floating] | None = None
) -> NDArray[np.bool_]:
    """The pixels (H, W) whose alpha is to be found: along the edge, and where a network doubts."""
    edge = _distance(inside)
    radius = max(_LEAST_BAND_PX, BAND_SHARE * max(inside.shape))
    band = edge <= radius
    if garment is not None:
        low, high = _DOUBTFUL
        band |= (garment > low) & (garment < high) & (edge <= _WIDEST * radius)
    return np.asarray(band)


def _closed_form(
    colours: NDArray[np.float64], trimap: NDArray[np.float64], unknown: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Alpha (H, W) of colours (H, W, 3) 0..1, found on a smaller photo where much is unknown."""
    from pymatting import estimate_alpha_cf

    shrink = float(_MOST_UNKNOWN / max(1, int(np.count_nonzero(unknown)))) ** 0.5
    if shrink >= 1:
        return np.asarray(estimate_alpha_cf(colours, trimap))
    size = (max(8, round(trimap.shape[1] * shrink)), max(8, round(trimap.shape[0] * shrink)))
    small, shares = (
        np.clip(np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float64), 0, 1)
        for part in (colours, trimap)
    )
    small_trimap = np.where(shares < 0.001, 0.0, np.where(shares > 0.999, 1.0, 0.5))
    small_alpha = np.asarray(estimate_alpha_cf(small, small_trimap), np.float64)
    alpha = trimap.copy()
    alpha[unknown] = _enlarged(small, small_alpha, colours)[unknown]
    return alpha


def _enlarged(
    small: NDArray[np.float64], alpha: NDArray[np.float64], colours: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A small photo's alpha at the size of the large one, whose detail it follows.

    Fast guided filter (He and Sun, 2015): alpha is linear in colour around each pixel.
    """
    window = (2 * _GUIDE_PX + 1, 2 * _GUIDE_PX + 1)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.blur(values, window), np.float64)

    centre, level = mean(small), mean(alpha)
    products = [mean(small[..., i] * small[..., k]) for i in range(3) for k in range(3)]
    spread = np.stack(products, axis=-1).reshape(*alpha.shape, 3, 3)
    spread -= centre[..., :, None] * centre[..., None, :]
    spread += _GUIDE_NOISE * np.eye(3)
    along = mean(small * alpha[..., None]) - centre * level[..., None]
    slope = np.asarray(np.linalg.solve(spread, along[..., None])[..., 0], np.float64)
    offset = level - (slope * centre).sum(axis=2)
    size = (colours.shape[1], colours.shape[0])
    wide, base = (np.asarray(cv2.resize(mean(part), size)) for part in (slope, offset))
    return np.asarray((wide * colours).sum(axis=2) + base)


def find_holes(photo: Pixels, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels (H, W) inside a mask that show the backdrop between threads.

    They have the colour that the backdrop has around them, and lie in spots: a whole area of that
    colour is cloth like the backdrop.
    """
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    edge = cv2.dilate(inside.astype(np.uint8), _disc(_LEAST_BAND_PX)) > 0
    behind = _spread(np.asarray(lab, np.float32), ~edge)
    same = inside & (np.linalg.norm(lab - behind, axis=2) < _SAME_COLOUR)
    widest = max(3, round(_HOLE_SHARE * max(inside.shape) / 2))
    areas = cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, _disc(widest))
    areas = cv2.dilate(areas, _disc(2))
    return np.asarray(same & (areas == 0))


def _look_through(cutout: Pixels, photo: Pixels, inside: NDArray[np.bool_]) -> None:
    """Opens mesh and lace in a cut-out, in place: around holes the cloth's share of each pixel is
    how far its colour lies on the way from the backdrop's to that of the solid cloth nearby."""
    holes = find_holes(photo, inside)
    near = cv2.dilate(holes.astype(np.uint8), _disc(_THREAD_PX)) > 0
    cloth = cv2.erode((inside & ~near).astype(np.uint8), _disc(_LEAST_BAND_PX)) > 0
    if not holes.any() or not cloth.any():
        return
    pixels = photo.astype(np.float32)
    outside = cv2.dilate(inside.astype(np.uint8), _disc(_LEAST_BAND_PX)) == 0
    behind, own = _spread(pixels, outside | holes), _spread(pixels, cloth)
    way = own - behind
    share = ((pixels - behind) * way).sum(axis=2) / np.maximum((way * way).sum(axis=2), 1.0)
    share = np.clip((share - _SEEN_FROM) / (1 - 2 * _SEEN_FROM), 0, 1)
    sure = np.linalg.norm(way, axis=2) > _LEAST_CONTRAST
    threads = near & inside & (share < _ALL) & sure
    cutout[threads, :3] = np.rint(np.clip(own[threads], 0, 255)).astype(np.uint8)
    cutout[threads, 3] = np.rint(255 * share[threads]).astype(np.uint8)


def _spread(colours: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Colours (H, W, 3) everywhere, smoothly filled in from where they are known."""
    height, width = known.shape
    shrink = min(1.0, _SMALL / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    weight = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    value = cv2.resize(colours * known[..., None], size, interpolation=cv2.INTER_AREA)
    filled, total = np.zeros_like(value), np.zeros_like(weight)
    for sigma in (1.0, 4.0, 16.0, 64.0):  # from near to far: what is near counts most
        near = cv2.GaussianBlur(weight, (0, 0), sigma) + 1e-9
        mean = cv2.GaussianBlur(value, (0, 0), sigma) / near[..., None]
        share = np.clip(near / 0.1, 0, 1) * (1 - total)
        filled += share[..., None] * mean
        total += share
    whole = filled / np.maximum(total, 1e-6)[..., None]
    return np.asarray(cv2.resize(whole, (width, height)), np.float32)


def _disc(radius: int) -> Pixels:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _matte(photo: Pixels, inside: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> Pixels:
    from pymatting import estimate_foreground_ml

    trimap = np.where(unknown, 0.5, inside.astype(np.float64))
    if not ((trimap == 0).any() and (trimap == 1).any()):
        return np.dstack([photo, inside.astype(np.uint8) * np.uint8(255)])
    colours = photo.astype(np.float64) / 255
    with _one_at_a_time:
        alpha = np.clip(_closed_form(colours, trimap, unknown), 0, 1)
        alpha = np.clip((alpha - _NOTHING) / (_ALL - _NOTHING), 0, 1)
        own = estimate_foreground_ml(colours, alpha)
    share = np.rint(255 * alpha).astype(np.uint8)
    mixed = (share > 0) & (share < 255)
    rgb = photo.copy()
    rgb[mixed] = np.rint(255 * np.clip(own[mixed], 0, 1)).astype(np.uint8)
    return np.dstack([rgb, share])


def _distance(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of each pixel to the mask's edge, in pixels; the photo's frame is no edge."""
    binary = np.pad(inside.astype(np.uint8), 1, mode="edge")
    out, into = (cv2.distanceTransform(side, cv2.DIST_L2, 5) for side in (1 - binary, binary))
    return np.asarray(np.maximum(out, into)[1:-1, 1:-1], np.float32)


def _around(unknown: NDArray[np.bool_]) -> tuple[slice, slice]:
    left, top, width, height = cv2.boundingRect(unknown.astype(np.uint8))
    return (
        slice(max(0, top - _MARGIN_PX), top + height + _MARGIN_PX),
        slice(max(0, left - _MARGIN_PX), left + width + _MARGIN_PX),
    )
