"""The canvas: coverage is exact, and image and alpha are laid over by the same share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hemline.studio.canvas import LayerBox, Part, PhotoCanvas, coverage


def square(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array(points, dtype=np.float32)


@given(st.floats(2, 10), st.floats(2, 10), st.floats(4, 20), st.floats(4, 20))
def test_coverage_adds_up_to_the_area(left: float, top: float, wide: float, high: float) -> None:
    covered = coverage([square(left, top, left + wide, top + high)], LayerBox(0, 0, 32, 32))
    # The rasteriser takes border points in: at most a quarter of a pixel on each side.
    assert wide * high - 1 <= covered.sum() <= (wide + 0.5) * (high + 0.5) + 1
    assert covered.min() >= 0
    assert covered.max() == 1


def test_image_is_alpha_times_garment_plus_the_rest() -> None:
    rng = np.random.default_rng(0)
    backdrop = rng.uniform(0, 255, (40, 30, 3)).astype(np.float32)
    cloth, skin = (200.0, 20.0, 90.0), (90.0, 60.0, 40.0)
    canvas, rest = PhotoCanvas(backdrop.copy()), PhotoCanvas(backdrop.copy())
    coat = (rng.uniform(3, 27, (5, 2)) * [1, 1.3]).astype(np.float32)
    canvas.paint([coat], cloth, Part.GARMENT)
    alpha = canvas.alpha[..., None].copy()
    assert 0 < alpha.mean() < 1
    assert np.allclose(canvas.image, alpha * cloth + (1 - alpha) * backdrop, atol=1e-3)

    arm = square(8.3, 2.7, 14.6, 37.1)
    canvas.paint([arm], skin)
    rest.paint([arm], skin)
    over = coverage([arm], LayerBox(0, 0, 30, 40))[..., None]
    assert np.allclose(canvas.alpha[..., None], alpha * (1 - over), atol=1e-5)
    garment = alpha * (1 - over) * cloth
    assert np.allclose(
        canvas.image, garment + rest.image - alpha * (1 - over) * backdrop, atol=2e-3
    )


def test_what_lies_outside_the_photo_is_left_out() -> None:
    canvas = PhotoCanvas(np.zeros((20, 20, 3), dtype=np.float32))
    canvas.paint([square(-30, -30, -5, -5)], (255.0, 0.0, 0.0), Part.GARMENT)
    assert not canvas.alpha.any()
    canvas.paint([square(-5, -5, 4, 4)], (255.0, 0.0, 0.0), Part.GARMENT)
    assert canvas.alpha[:3, :3].min() == 1
    assert canvas.alpha[6:, :].max() == 0
