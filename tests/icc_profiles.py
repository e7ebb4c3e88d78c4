"""Small ICC profiles drawn by program, and colours as those spaces write them."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SRGB_TO_D50 = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)


@dataclass(frozen=True)
class Space:
    """Three primaries (columns of XYZ at D50) and one curve: a power, or None for sRGB's."""

    primaries: Floats
    gamma: float | None

    def encode(self, srgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) of this space that look as the sRGB pixels do."""
        linear = srgb_to_linear(srgb / 255) @ _SRGB_TO_D50.T @ np.linalg.inv(self.primaries).T
        linear = linear.clip(0, 1)
        coded = linear_to_srgb(linear) if self.gamma is None else linear ** (1 / self.gamma)
        return np.round(coded * 255).astype(np.uint8)

    def profile(self) -> bytes:
        columns = {b"rXYZ": 0, b"gXYZ": 1, b"bXYZ": 2}
        tags = {tag: _xyz(self.primaries[:, at]) for tag, at in columns.items()}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(self.gamma))
        return build_profile(b"RGB ", tags)


ADOBE_RGB = Space(
    np.array(
        [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
    ),
    563 / 256,
)
DISPLAY_P3 = Space(
    np.array(
        [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
    ),
    None,
)
PROPHOTO = Space(
    np.array([[0.79767, 0.13519, 0.03134], [0.28804, 0.71188, 0.00009], [0.0, 0.0, 0.82491]]), 1.8
)
SPACES = {"AdobeRGB": ADOBE_RGB, "Display P3": DISPLAY_P3, "ProPhoto": PROPHOTO}


def grey_profile(gamma: float) -> bytes:
    return build_profile(b"GRAY", {b"kTRC": _curve(gamma)})


def cmyk_profile() -> bytes:
    """Ink on paper as sRGB has it: red is (1 - C)(1 - K), and so on, in a table of 9 steps."""
    steps = 9
    ink = np.stack(np.meshgrid(*[np.linspace(0, 1, steps)] * 4, indexing="ij"), -1).reshape(-1, 4)
    lab = _lab(srgb_to_linear((1 - ink[:, :3]) * (1 - ink[:, 3:])) @ _SRGB_TO_D50.T)
    table = np.round((lab + np.array([0, 128, 128])) * [2.55, 1, 1]).clip(0, 255).astype(np.uint8)
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(np.eye(3).ravel() * 65536).astype(int))
    tag = b"mft1" + bytes(4) + bytes([4, 3, steps, 0]) + matrix + ramp * 4
    return build_profile(b"CMYK", {b"A2B0": tag + table.tobytes() + ramp * 3}, b"Lab ", b"prtr")


def build_profile(
    space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ", kind: bytes = b"mntr"
) -> bytes:
    """A profile of version 2.4 with those tags, and the ones that all need."""
    text = b"drawn by a test"
    tags = {
        b"desc": b"desc" + struct.pack(">4xI", len(text) + 1) + text + bytes(1 + 8 + 3 + 67),
        b"cprt": b"text" + bytes(4) + text + b"\0",
        b"wtpt": _xyz(np.array([0.9642, 1.0, 0.8249])),
    } | tags
    body, index = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        index += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12x4s24xIiii48x",
        start + len(body),
        b"",
        0x02400000,
        kind,
        space,
        connection,
        b"acsp",
        0,
        63190,
        65536,
        54061,
    )
    return header[:128] + struct.pack(">I", len(tags)) + index + body


def srgb_to_linear(coded: Floats) -> Floats:
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: Floats) -> Floats:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def _lab(xyz: Floats) -> Floats:
    share = xyz / [0.9642, 1.0, 0.8249]
    bent = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    x, y, z = bent.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _xyz(values: Floats) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *np.round(values * 65536).astype(int))


def _curve(gamma: float | None) -> bytes:
    points = np.linspace(0, 1, 1024)
    values = srgb_to_linear(points) if gamma is None else points**gamma
    return (
        b"curv"
        + bytes(4)
        + struct.pack(">I", 1024)
        + np.round(values * 65535).astype(">u2").tobytes()
    )
