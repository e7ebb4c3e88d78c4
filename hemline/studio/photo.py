"""What a camera does to a scene: blur, vignette, white balance, exposure and sensor noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.studio.figure.geometry import Floats, floats


@dataclass(frozen=True, slots=True)
class Lens:
    """`blur` in pixels at a height of 768, `vignette` the corners' loss of light 0..1, `balance`
    the gain of each channel, `exposure` of all, `contrast` around mid-grey, `noise` the standard
    deviation of the sensor's noise, 0..255."""

    blur: float
    vignette: float
    balance: tuple[float, float, float]
    exposure: float
    contrast: float
    noise: float


def sample_lens(rng: np.random.Generator) -> Lens:
    """A camera drawn from `rng`."""
    warm = rng.normal(0, 0.03)
    return Lens(
        blur=float(rng.uniform(0.3, 0.9)),
        vignette=float(rng.uniform(0.0, 0.22)),
        balance=(float(1 + warm), 1.0, float(1 - warm)),
        exposure=float(rng.uniform(0.9, 1.12)),
        contrast=float(rng.uniform(0.92, 1.12)),
        noise=float(rng.uniform(0.8, 4.5)),
    )


def take(
    image: Floats, alpha: Floats, lens: Lens, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Floats]:
    """The photo `(H, W, 3)` uint8 and the alpha as sharp as the photo is, `(H, W)` 0..1."""
    height, width = alpha.shape
    sigma = lens.blur * height / 768
    if sigma > 0.2:
        image = floats(cv2.GaussianBlur(image, (0, 0), sigma))
        alpha = floats(cv2.GaussianBlur(alpha, (0, 0), sigma))
    x = (np.arange(width, dtype=np.float32)[None, :] / width - 0.5) * 2
    y = (np.arange(height, dtype=np.float32)[:, None] / height - 0.5) * 2
    gain = lens.exposure * (1 - lens.vignette * (x * x + y * y) / 2)
    image = image * (gain[..., None] * np.float32(lens.contrast) * floats(lens.balance))
    image += np.float32(118.0 * (1 - lens.contrast))
    _roll_off(image)
    grey = rng.standard_normal((height, width, 1), dtype=np.float32)
    coarse = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32)
    tinted = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    image += np.float32(0.8 * lens.noise) * grey
    image += np.float32(0.5 * lens.noise) * tinted
    return np.clip(image + 0.5, 0, 255).astype(np.uint8), np.clip(alpha, 0, 1)


def _roll_off(image: Floats) -> None:
    """Bend highlights softly below 255, in place: a studio photo's whites do not clip hard."""
    high = image > 225
    image[high] = 225 + 30 * np.tanh((image[high] - 225) / 30)
