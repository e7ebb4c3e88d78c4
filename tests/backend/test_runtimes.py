"""The real process on each runtime: a task is masked, and only that runtime's library is loaded."""

from pathlib import Path

import psutil
import pytest

from hemline.labelstudio.project.config import render_label_config
from tests.backend.running import RunningBackend, draw_photos, until

GARMENT = render_label_config(["garment"])
KEY = "1.1795225515"


def libraries(server: RunningBackend) -> set[str]:
    """Names of the libraries that any of the backend's processes has loaded."""
    return {
        Path(region.path).name
        for process in server.processes()
        for region in psutil.Process(process.pid).memory_maps()
    }


@pytest.mark.parametrize(
    ("runtime", "loaded", "absent"),
    [("openvino", "libopenvino.so", "libtorch"), ("torch", "libtorch", "libopenvino.so")],
)
@pytest.mark.timeout(900)
def test_a_photo_is_masked(runtime, loaded, absent, tmp_path):
    tasks = draw_photos(tmp_path, 2)
    with RunningBackend(tmp_path, HEMLINE_RUNTIME=runtime) as server:
        until(lambda: server.setup(KEY, GARMENT), 600)
        body = {"tasks": tasks, "project": KEY, "label_config": GARMENT, "params": {}}
        status, answer = server.ask("POST", "/predict", body)
        assert status == 200, answer
        scores = [item["score"] for item in answer["results"]]
        assert all(0 < score <= 1 for score in scores), answer
        names = libraries(server)
        assert [name for name in names if name.startswith(loaded)]
        assert not [name for name in names if name.startswith(absent)]
