"""What lies on a garment: collars and lapels, as outlines on its surface."""

from math import pi

import numpy as np

from hemline.studio.figure.geometry import Camera, Floats, floats
from hemline.studio.wardrobe.piece import Neckline, Piece


def collar(piece: Piece, neck: Neckline, camera: Camera) -> list[Floats]:
    """A turned-down collar, `(N, 2)` pixels each: two leaves in front, a band behind."""
    y, half = neck.y, neck.half
    if camera.behind:
        corners = [
            (-half, y - 0.008),
            (half, y - 0.008),
            (half + 0.014, y + 0.02),
            (0.0, y + 0.024),
            (-half - 0.014, y + 0.02),
        ]
        return [_on_surface(piece, camera, corners)]
    low = y + neck.front
    leaf = [
        (half, y - 0.006),
        (0.5 * half, y + 0.4 * neck.front),
        (0.003, low),
        (0.5 * half, low + 0.03),
        (half + 0.02, y + 0.034),
    ]
    return [_on_surface(piece, camera, [(side * x, down) for x, down in leaf]) for side in (-1, 1)]


def lapels(piece: Piece, camera: Camera) -> list[Floats]:
    """The lapel along the open edge of a coat's panel; none where that edge is not seen."""
    side = 1.0 if piece.span[0] > 0 else -1.0
    edge = min(abs(piece.span[0]), abs(piece.span[1]))
    turn = float(piece.tube.seen(camera, floats([0.25])).turn[0])
    if np.cos(side * edge + turn) < 0.1:
        return []
    rows = [(0.0, 0.168), (0.0, 0.36), (0.42, 0.255), (0.26, 0.247), (0.46, 0.225), (0.4, 0.17)]
    angles, y = floats([side * (edge + away) for away, _ in rows]), floats([row[1] for row in rows])
    return [_at_angles(piece, camera, angles, y)]


def _on_surface(piece: Piece, camera: Camera, corners: list[tuple[float, float]]) -> Floats:
    """Corners (x, y) of the front view, laid on the side of the tube that is seen."""
    x, y = floats(corners).T
    a = np.interp(y, piece.tube.y, piece.tube.a)
    angles = np.arcsin(np.clip(x / a, -1, 1))
    return _at_angles(piece, camera, pi - angles if camera.behind else angles, y)


def _at_angles(piece: Piece, camera: Camera, angles: Floats, y: Floats) -> Floats:
    tube = piece.tube
    x, z, a, b = (np.interp(y, tube.y, part) for part in (tube.x, tube.z, tube.a, tube.b))
    return camera.project(x + a * np.sin(angles), y, z + b * np.cos(angles))
