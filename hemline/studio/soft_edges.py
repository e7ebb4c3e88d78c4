"""Garments whose edge no hard mask can say: fur, mesh and lace, with their exact alpha and colours.

Each is a drawn coat on a studio's backdrop. What a pixel shows is `alpha * colours + (1 - alpha) *
backdrop` before the camera's noise, and alpha and colours are kept.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.studio.backdrop import BackdropKind, draw_backdrop, sample_backdrop
from hemline.studio.figure.geometry import Floats, floats

_FINE = 4  # alpha is counted on _FINE x _FINE points a pixel
_BACKDROPS = (BackdropKind.ROLL, BackdropKind.COVE, BackdropKind.SEAMLESS, BackdropKind.WALL)


class Cloth(StrEnum):
    """What the edge is made of; PLAIN is cloth with a sharp one."""

    FUR = "fur"
    MESH = "mesh"
    LACE = "lace"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class SoftScene:
    """A drawn photo `(H, W, 3)` uint8 RGB with its truth.

    `alpha` `(H, W)` float32 0..1, `colours` `(H, W, 3)` float32 RGB 0..255 of the garment alone,
    and `mask` `(H, W)` uint8 0 or 1 as an annotator draws it: fur to where it is half dense, mesh
    and lace with their holes.
    """

    image: NDArray[np.uint8]
    alpha: Floats
    colours: Floats
    mask: NDArray[np.uint8]


def draw_soft_scene(seed: int, cloth: Cloth, *, height: int = 960, width: int = 720) -> SoftScene:
    """The scene of that number; the same one each time. Sides are at least 64 px."""
    rng = np.random.default_rng([seed, list(Cloth).index(cloth)])
    body = _silhouette(rng, height, width)
    if cloth is Cloth.FUR:
        fine = _fur(rng, body, height)
    elif cloth is Cloth.PLAIN:
        fine = body
    else:
        fine = _holed(rng, body, height, cloth)
    alpha = _small(fine)
    mask = _small(body)
    if cloth is Cloth.FUR:
        mask = floats(cv2.GaussianBlur(alpha, (0, 0), height / 400))
    blur = float(rng.uniform(0.35, 0.7))
    alpha = floats(cv2.GaussianBlur(alpha, (0, 0), blur))
    colours = _cloth(rng, height, width)
    backdrop = draw_backdrop(sample_backdrop(rng, _BACKDROPS[seed % 4]), height, width)
    image = alpha[..., None] * colours + (1 - alpha[..., None]) * backdrop
    image = image + rng.normal(0, float(rng.uniform(0.6, 2.0)), image.shape)
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return SoftScene(pixels, alpha, colours, (mask >= 0.5).astype(np.uint8))


def _silhouette(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """A coat with sleeves on the fine grid, 0 or 255."""
    fine = np.zeros((height * _FINE, width * _FINE), np.uint8)
    wide, sway = rng.uniform(0.85, 1.1), rng.uniform(-0.02, 0.02)
    left = np.array(
        [
            (0.44, 0.12), (0.36, 0.15), (0.24, 0.42), (0.20, 0.62), (0.27, 0.64), (0.35, 0.36),
            (0.34, 0.55), (0.28, 0.90), (0.50, 0.92),
        ]
    )  # fmt: skip
    right = np.stack([1 - left[::-1, 0], left[::-1, 1]], axis=1)
    points = np.concatenate([left, right])
    points[:, 0] = 0.5 + (points[:, 0] - 0.5) * wide + sway * points[:, 1]
    scaled = np.rint(points * [width * _FINE, height * _FINE]).astype(np.int32)
    cv2.fillPoly(fine, [scaled], 255)
    return np.where(cv2.GaussianBlur(fine, (0, 0), height / 50) > 127, 255, 0).astype(np.uint8)


def _fur(rng: np.random.Generator, body: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """The body with hairs that leave its outline, curved, thin and of many lengths."""
    fine = body.copy()
    outline = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0][:, 0, :]
    outline = outline.astype(np.float64)
    along = np.roll(outline, -40, axis=0) - np.roll(outline, 40, axis=0)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-9
    inside = outline + 12 * outward
    rows, columns = np.clip(inside[:, 1], 0, len(body) - 1), np.clip(inside[:, 0], 0, 10**6)
    columns = np.clip(columns, 0, body.shape[1] - 1)
    outward[body[rows.astype(int), columns.astype(int)] > 0] *= -1
    longest = height * _FINE * rng.uniform(0.012, 0.02)
    t = np.linspace(0, 1, 8)[:, None]
    for index in rng.integers(0, len(outline), int(len(outline) * 0.30)):
        way = outward[index] + rng.normal(0, 0.35, 2)
        bend = rng.normal(0, 0.35) * np.array([-way[1], way[0]])
        length = longest * rng.beta(2, 3)
        points = outline[index] - 3 * outward[index] + length * (t * way + t**2 * bend)
        thick = int(rng.integers(2, 5))
        cv2.polylines(fine, [np.rint(points).astype(np.int32)], False, 255, thick)
    return fine


def _holed(
    rng: np.random.Generator, body: NDArray[np.uint8], height: int, cloth: Cloth
) -> NDArray[np.uint8]:
    """The body with a panel of mesh or lace at its hem and sleeves, whose holes are open."""
    fine = body.copy()
    rows, columns = np.mgrid[0 : body.shape[0], 0 : body.shape[1]].astype(np.float32)
    panel = rows > 0.62 * body.shape[0]
    if cloth is Cloth.MESH:
        step = _FINE * height / 960 * rng.uniform(7, 11)
        thread = step * rng.uniform(0.22, 0.34)
        turn = rng.uniform(0.6, 0.95)
        one, other = columns * turn + rows * 0.6, columns * turn - rows * 0.6
        fine[panel & (one % step > thread) & (other % step > thread)] = 0
        return fine
    step = _FINE * height / 960 * rng.uniform(16, 22)
    shifted = columns + (rows // step % 2) * step / 2
    across, down = shifted % step - step / 2, rows % step - step / 2
    distance, angle = np.hypot(across, down), np.arctan2(down, across)
    petals = step * (0.30 + 0.10 * np.cos(5 * angle))
    fine[panel & (distance < petals) & (distance > 0.12 * step)] = 0
    return fine


def _cloth(rng: np.random.Generator, height: int, width: int) -> Floats:
    """Colours of the cloth everywhere, with soft folds."""
    tone = rng.uniform(20, 235, 3)
    coarse = rng.normal(0, 1, (9, 7)).astype(np.float32)
    folds = floats(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    noise = rng.normal(0, 1, (height, width)).astype(np.float32)
    grain = floats(cv2.GaussianBlur(noise, (0, 0), 1.2))
    shade = 1 + 0.08 * folds + 0.06 * grain
    return floats(np.clip(tone * shade[..., None], 0, 255))


def _small(fine: NDArray[np.uint8]) -> Floats:
    """From the fine grid to the share of each pixel, 0..1."""
    size = (fine.shape[1] // _FINE, fine.shape[0] // _FINE)
    return floats(cv2.resize(fine, size, interpolation=cv2.INTER_AREA)) / 255
