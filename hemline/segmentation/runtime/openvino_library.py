"""OpenVINO, where it is installed and runs; loaded silently, and only when it is wanted."""

import sys
from functools import lru_cache
from importlib import metadata
from typing import Any

from hemline.errors import ModelError

CONVERTER = 2  # of convert.py and quantise.py: raise it when what they make changes
_TELEMETRY = "openvino_telemetry"


def converter_version() -> str:
    """What converted networks are made by; made again when it changes.

    Raises:
        ModelError: OpenVINO is not installed.
    """
    try:
        return f"openvino {metadata.version('openvino')}, converter {CONVERTER}"
    except metadata.PackageNotFoundError:
        raise ModelError(_missing("it is not installed")) from None


@lru_cache(maxsize=1)
def load_openvino() -> Any:
    """The module.

    Raises:
        ModelError: it is not installed, or does not run on this machine.
    """
    # Left to itself it reports each import to its maker. Without this module it cannot.
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
    try:
        import openvino
    except (ImportError, OSError) as error:
        raise ModelError(_missing(str(error))) from error
    return openvino


def _missing(why: str) -> str:
    return f"OpenVINO cannot be used here: {why}; install it, or set HEMLINE_RUNTIME=torch"
