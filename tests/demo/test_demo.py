"""`hemline demo` as a person starts and ends it: real programs, real signals."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import psutil
import pytest

from hemline.demo.state import DemoState, load_state, save_state
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.studio.photos import write_photos
from hemline.studio.wardrobe.wardrobe import GarmentType
from hemline.system.ports import is_port_free, pick_free_port
from tests.plugins.label_studio import ACCOUNT
from tests.plugins.label_studio_user import LabelStudioUser

pytestmark = [pytest.mark.labelstudio, pytest.mark.slow, pytest.mark.timeout(900)]
HEMLINE = Path(sys.executable).with_name("hemline")
_READY_S = 400


class Demo:
    """A running `hemline demo`, started as a shell would."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        self._output = home.with_name(f"{home.name}.output")
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [HEMLINE, "demo", "--home", home, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while "Hemline is ready" not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.2)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def client(self) -> LabelStudioUser:
        state = load_state(self.home / "state.json")
        return LabelStudioUser(f"http://127.0.0.1:{state.label_studio_port}", ACCOUNT.token)


@contextmanager
def running(home: Path, *arguments: str) -> Iterator[Demo]:
    demo = Demo(home, *arguments)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
            demo.process.wait(180)


@pytest.fixture
def home(tmp_path: Path, label_studio_data: Path) -> Path:
    """A home whose slow parts are done: Label Studio's migrations and most of the drawing."""
    folder = tmp_path / "demo"
    shutil.copytree(label_studio_data, folder / "label-studio")
    for _ in write_photos(folder / "photos" / "samples", 2, height=192, width=128):
        pass
    state = DemoState(
        account=ACCOUNT, label_studio_port=pick_free_port(), backend_port=pick_free_port()
    )
    save_state(folder / "state.json", state)
    return folder


def all_ended(family: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(family, timeout=90)[1]


def test_a_demo_and_its_second_start(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "my photos"
    for photo in write_photos(tmp_path / "drawn", 1, seed=5, height=192, width=128):
        own.mkdir(exist_ok=True)
        shutil.copy(tmp_path / "drawn" / "images" / photo.name, own)
    (own / "broken.jpg").write_bytes((own / photo.name).read_bytes()[:200])

    with running(home) as demo:
        demo.wait_until_ready()
        family = demo.family()
        with demo.client() as client:
            [project] = client.list_projects()
            _check_project(client, project["id"], demo)
            tasks = list(client.iter_tasks(project["id"]))
            assert [task["data"]["garment"] for task in tasks] == ["g0001"] * 3 + ["g0002"] * 3
            _check_mask(tasks[0], home / "photos" / "samples" / "images")
            result = tasks[0]["predictions"][0]["result"]
            client.create_annotation(tasks[0]["id"], result)
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(180) == 0
        assert all_ended(family)

    with running(home, "--images", str(own)) as demo:
        demo.wait_until_ready()
        family = demo.family()
        with demo.client() as client:
            assert len(list(client.iter_tasks(project["id"]))) == 6
            assert len(client.get_task(project["id"], tasks[0]["id"])["annotations"]) == 1
            [second] = [item for item in client.list_projects() if item["id"] != project["id"]]
            assert second["title"] == "my photos"
            assert len(list(client.iter_tasks(second["id"]))) == 4
            _check_project(client, second["id"], demo)
        os.kill(demo.process.pid, signal.SIGKILL)
        assert all_ended(family)


def _check_project(client: LabelStudioUser, project_id: int, demo: Demo) -> None:
    project = client.get_project(project_id)
    version = f"hemline-{project_id}-v1"
    assert project["sampling"] == "Uncertainty sampling"
    assert project["model_version"] == version
    [backend] = client.list_backends(project_id)
    assert (backend["title"], backend["readable_state"]) == (version, "Connected")
    [webhook] = client.list_webhooks(project_id)
    assert webhook["headers"] == {
        SECRET_HEADER: load_state(demo.home / "state.json").webhook_secret
    }
    assert [view["data"]["title"] for view in client.list_views(project_id)] == [
        "All tasks",
        "To label",
        "Review",
    ]
    assert ACCOUNT.password in demo.output
    assert f"/projects/{project_id}" in demo.output
    _check_dashboard(demo)


def _check_dashboard(demo: Demo) -> None:
    """The address that is printed leads to a login that knows the demo's account."""
    address = f"http://127.0.0.1:{load_state(demo.home / 'state.json').backend_port}/dashboard"
    assert address in demo.output
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        form = browser.get(address).text
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        fields = {"name": ACCOUNT.email, "password": ACCOUNT.password, "csrf_token": token}
        assert "Log out" in browser.post(f"{address}/log-in", data=fields).text


def _check_mask(task: dict[str, Any], images: Path) -> None:
    name = task["data"]["image"].rpartition("/")[2]
    photo = cv2.imread(str(images / name))
    assert photo is not None
    height, width = photo.shape[:2]
    [prediction] = task["predictions"]
    for region in prediction["result"]:
        assert (region["original_width"], region["original_height"]) == (width, height)
        assert region["value"]["brushlabels"] == ["garment"]
    assert 0 <= prediction["score"] <= 1


def test_a_demo_of_several_labels_and_one_of_others(home: Path) -> None:
    labels = ("dress", "top", "shoes", 'zip"per/👗', "hat")
    outfits = home / "photos" / "outfits-top-dress"
    types = [GarmentType.TOP, GarmentType.DRESS]
    for _ in write_photos(outfits, 2, height=192, width=128, outfits=types):
        pass
    with running(home, "--labels", ", ".join(labels)) as demo:
        demo.wait_until_ready()
        with demo.client() as client:
            [project] = client.list_projects()
            assert parse_label_config(project["label_config"]).labels == labels
            _check_project(client, project["id"], demo)
            tasks = list(client.iter_tasks(project["id"]))
            assert len(tasks) == 6
            drawn = {
                label
                for task in tasks
                for prediction in task["predictions"]
                for region in prediction["result"]
                for label in region["value"]["brushlabels"]
            }
            assert drawn
            assert drawn <= {"dress", "top", "shoes", "hat"}
        assert "  shoes = shoes\n" in demo.output
        assert '  zip"per/👗: the starter' in demo.output
        assert "No sample photo shows 'hat'" in demo.output
        assert "opens with its labels masked" in " ".join(demo.output.replace("│", "").split())
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(180) == 0

    for _ in write_photos(
        home / "photos" / f"outfits-{'-'.join(GarmentType)}", 1, height=96, width=64
    ):
        pass
    with running(home, "--labels", "collar,zipper") as demo:
        demo.wait_until_ready()
        with demo.client() as client:
            [second] = [item for item in client.list_projects() if item["id"] != project["id"]]
            tasks = list(client.iter_tasks(second["id"]))
            assert [task["predictions"] for task in tasks] == [[], [], []]
        assert "No label has a class of the starter's, so tasks open empty" in demo.output


def test_a_program_that_dies_ends_the_demo_and_is_named(home: Path) -> None:
    with running(home) as demo:
        demo.wait_until_ready()
        family = demo.family()
        [backend] = [item for item in family if "gunicorn: master" in " ".join(item.cmdline())]
        backend.kill()

        assert demo.process.wait(180) == 1
        assert all_ended(family)
        assert "the backend ended with code -9; the end of " in demo.output


def test_a_program_that_dies_at_the_start(home: Path) -> None:
    with running(home) as demo:
        family = _once_two_run(demo)
        [label_studio] = [item for item in family if "label-studio" in " ".join(item.cmdline())]
        label_studio.kill()

        assert demo.process.wait(180) == 1
        assert all_ended(family)
        assert "Label Studio ended with code -9" in demo.output


def test_a_start_that_is_ended_midway_leaves_nothing(home: Path) -> None:
    with running(home) as demo:
        family = _once_two_run(demo)
        demo.process.send_signal(signal.SIGTERM)
        assert demo.process.wait(180) == 130
        assert all_ended(family)
    state = load_state(home / "state.json")
    assert is_port_free(state.label_studio_port)
    assert is_port_free(state.backend_port)


def _once_two_run(demo: Demo) -> list[psutil.Process]:
    deadline = time.monotonic() + 60
    while len(demo.family()) < 2:
        assert time.monotonic() < deadline, demo.output
        time.sleep(0.05)
    time.sleep(1.0)  # the launcher becomes the program itself
    return demo.family()


def test_a_busy_port_is_one_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with running(home, "--port", str(port)) as demo:
            assert demo.process.wait(180) == 1
    assert demo.output.startswith(f"port {port} for Label Studio is in use by ")
    assert len(demo.output.splitlines()) == 1
