"""Plain photos with true masks for the tests: a coloured garment on a textured wall."""

import cv2
import numpy as np


def draw(seed: int, size: tuple[int, int] = (180, 120)):
    """A photo (H, W, 3) uint8 and its mask (H, W) uint8 0/1 of a garment with sleeves."""
    rng = np.random.default_rng(seed)
    height, width = size
    mask = np.zeros(size, np.uint8)
    wide = int(width * rng.uniform(0.32, 0.42))
    left, top = (width - wide) // 2, int(height * 0.18)
    bottom = int(height * rng.uniform(0.7, 0.85))
    body = [
        [left, top],
        [left + wide, top],
        [left + wide + 6, bottom],
        [left - 6, bottom],
    ]
    cv2.fillPoly(mask, [np.array(body, np.int32)], 1)
    for side in (left, left + wide):
        cv2.ellipse(mask, (side, top + 24), (8, 26), 0, 0, 360, 1, cv2.FILLED)
    wall = rng.integers(60, 200, 3)
    cloth = (wall + rng.integers(70, 150, 3)) % 255
    photo = np.where(mask[..., None] > 0, cloth, wall).astype(np.float32)
    photo += rng.normal(0, 3, photo.shape)
    return np.clip(photo, 0, 255).astype(np.uint8), mask


def probabilities(mask: np.ndarray, blur: float = 1.5) -> np.ndarray:
    """A model that is right: the mask at half the size, softened; (1, h, w) float32."""
    height, width = mask.shape
    small = cv2.resize(
        mask.astype(np.float32), (width // 2, height // 2), interpolation=cv2.INTER_AREA
    )
    return np.clip(cv2.GaussianBlur(small, (0, 0), blur), 0.02, 0.98)[None].astype(np.float32)
