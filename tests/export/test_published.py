"""Cut-outs for channels: a shadow is refused where the background must be plain."""

import cv2
import numpy as np
import pytest

from hemline.channels.pack import parse_pack
from hemline.channels.rule import Outcome
from hemline.export.formats.published import publish


@pytest.mark.parametrize(("shadow", "outcome"), [(0.0, Outcome.PASSED), (0.6, Outcome.FAILED)])
def test_a_shadow_is_no_plain_background(shadow: float, outcome: Outcome) -> None:
    cutout = np.zeros((900, 700, 4), np.uint8)
    cv2.ellipse(cutout, (350, 450), (200, 300), 0, 0, 360, (90, 40, 30, 255), -1)
    rule = {
        "check": "background",
        "colour": [255, 255, 255],
        "tolerance": 2,
        "most": 0.001,
        "source": "our guide",
        "date": "2026",
    }
    canvas = {"file": "png", "fill": 0.6, "shadow": shadow}
    values = {"title": "Ours", "version": 1, "canvas": canvas, "rule": [rule]}
    pack = parse_pack(values, name="ours", source="a test")
    published = publish(pack, cutout, "coat")
    assert [found.outcome for found in published.findings] == [outcome]
