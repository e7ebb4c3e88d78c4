"""Which runtime it is: by the setting, by the machine, and in one sentence where it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from hemline.errors import ModelError
from hemline.segmentation.runtime import choice
from hemline.segmentation.runtime.choice import choose_runtime
from hemline.segmentation.runtime.openvino_library import load_openvino


@pytest.fixture
def no_openvino(monkeypatch):
    """OpenVINO is not there, as on a machine that it has no wheel for."""
    load_openvino.cache_clear()
    monkeypatch.setitem(sys.modules, "openvino", None)
    yield
    load_openvino.cache_clear()


def test_a_cpu_has_openvino_and_torch_can_be_forced():
    assert choose_runtime("auto", "cpu") == "openvino"
    assert choose_runtime("openvino", "auto") == "openvino"
    assert choose_runtime("torch", "cpu") == "torch"


def test_a_gpu_is_torch_s(monkeypatch):
    assert choose_runtime("auto", "cuda") == "torch"
    monkeypatch.setattr(choice, "_has_gpu", lambda: True)
    assert choose_runtime("auto", "auto") == "torch"
    with pytest.raises(ModelError, match="DEVICE=cuda asks for a GPU; change one of them"):
        choose_runtime("openvino", "cuda")


def test_where_it_does_not_import_torch_does_the_work(no_openvino):
    assert choose_runtime("auto", "cpu") == "torch"
    with pytest.raises(ModelError, match=r"OpenVINO cannot be used here: .*HEMLINE_RUNTIME=torch"):
        choose_runtime("openvino", "cpu")


def test_a_gpu_is_looked_for_only_where_there_may_be_one(monkeypatch, tmp_path):
    monkeypatch.setattr(choice, "_GPU_FILES", (tmp_path / "nvidiactl",))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert not choice._may_have_gpu()
    (tmp_path / "nvidiactl").touch()
    assert choice._may_have_gpu()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not choice._may_have_gpu()


def test_openvino_sends_nothing_to_its_maker_and_loads_no_torch():
    """In a process of its own: its telemetry module is not loaded, whatever is installed."""
    code = (
        "import sys\n"
        "from hemline.segmentation.runtime.openvino_library import load_openvino\n"
        "import hemline.segmentation.predictor, hemline.prefill.prefill\n"
        "import hemline.segmentation.runtime.openvino_runtime\n"
        "load_openvino()\n"
        "import openvino.tools.ovc.telemetry_utils as used\n"
        "print(used.tm.__name__, 'torch' in sys.modules, sys.modules['openvino_telemetry'])\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=240
    )
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "False", "None"], (
        done.stderr
    )
