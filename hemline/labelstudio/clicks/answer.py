"""The answer to a click: a brush region that takes the place of the one of the same id."""

import json
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.labelstudio.project.config import LabelConfig
from hemline.masks.codecs.brush import encode_brush

# The page takes a click that is answered so off the photo, and changes nothing.
NOTHING = b'{"results":[{"result":[]}]}'


def refined_region(
    mask: NDArray[np.bool_], *, key: str, label: str, score: float, config: LabelConfig
) -> dict[str, Any]:
    """The region as Label Studio 1.23 writes it over the one whose id is `key`.

    Without `origin` it would be saved as drawn by hand.

    Args:
        mask: (H, W) bool.
        score: of the region, 0 (a person should look) .. 1 (sure).
    """
    height, width = mask.shape
    return {
        "id": key,
        "from_name": config.from_name,
        "to_name": config.to_name,
        "type": "brushlabels",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "origin": "prediction-changed",
        "score": score,
        "value": {"format": "rle", "rle": encode_brush(mask), "brushlabels": [label]},
    }


def answer_body(region: dict[str, Any], model_version: str) -> bytes:
    """The whole answer of /predict as JSON. Label Studio uses the first of its results alone."""
    result = {"result": [region], "score": region["score"], "model_version": model_version}
    return json.dumps({"results": [result]}, separators=(",", ":")).encode()


def only_brushes(config: LabelConfig) -> str:
    """Why a project's masks cannot follow clicks, where they are not a brush's."""
    return (
        "clicks change the masks of a brush, and this project's are those of "
        f"<{config.tag} name={config.from_name!r}>"
    )


def new_region_key(ls_task_id: int, label: str) -> str:
    """The id of a region that a click begins: the same for the clicks that follow."""
    return sha256(f"click/{ls_task_id}/{label}".encode()).hexdigest()[:10]
