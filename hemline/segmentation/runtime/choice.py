"""Which runtime it is on this machine: OpenVINO on CPUs where it runs, else PyTorch."""

import contextlib
import importlib
import logging
import os
from pathlib import Path
from typing import Literal

from hemline.errors import ModelError
from hemline.segmentation.runtime.openvino_library import load_openvino
from hemline.settings import Device, RuntimeName

log = logging.getLogger(__name__)

_GPU_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))  # Linux, and Linux on Windows


def choose_runtime(wanted: RuntimeName, device: Device) -> Literal["torch", "openvino"]:
    """The runtime by the settings HEMLINE_RUNTIME and DEVICE.

    Raises:
        ModelError: OpenVINO was asked for and cannot run.
    """
    if wanted == "openvino":
        if device == "cuda":
            raise ModelError(
                "HEMLINE_RUNTIME=openvino runs on the CPU, and DEVICE=cuda asks for a GPU; change "
                "one of them"
            )
        load_openvino()
        return "openvino"
    if wanted == "torch" or device == "cuda" or (device == "auto" and _has_gpu()):
        return "torch"
    try:
        load_openvino()
    except ModelError as error:
        log.info("PyTorch runs the networks: %s", error)
        return "torch"
    return "openvino"


def preload_runtime(wanted: RuntimeName, device: Device) -> None:
    """Loads the library that it is likely to be. Looks for no GPU in earnest: CUDA does not outlive
    a fork."""
    if wanted == "torch" or device == "cuda" or (device == "auto" and _may_have_gpu()):
        importlib.import_module("hemline.segmentation.runtime.torch_runtime")
        return
    with contextlib.suppress(ModelError):
        load_openvino()


def _may_have_gpu() -> bool:
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and any(path.exists() for path in _GPU_FILES)


def _has_gpu() -> bool:
    """Whether PyTorch finds a GPU; it is loaded only where there may be one."""
    if not _may_have_gpu():
        return False
    from hemline.segmentation.device import choose_device

    return choose_device("auto") == "cuda"
