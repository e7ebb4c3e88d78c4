"""A real `hemline backend` as a child process, and requests to it as Label Studio makes them."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import cv2
import psutil

from hemline.studio.scene import draw_scene
from hemline.system.ports import pick_free_port

COMMAND = [sys.executable, "-c", "from hemline.cli import main; main()", "backend"]


class RunningBackend:
    """`hemline backend` on a free port with its home in a folder; photos are read from there."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        self.port = pick_free_port()
        self.log = home / "backend.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                COMMAND, env=environment(home, self.port, **env), stdout=log, stderr=log
            )
        try:
            until(self._is_up, 120)
        except AssertionError:
            self.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.ask("GET", "/livez")[0] == 200

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer, over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        try:
            data = json.dumps(body).encode() if body is not None else None
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            text = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, json.loads(text) if is_json else text.decode()
        finally:
            connection.close()

    def setup(self, key: str, schema: str) -> str | None:
        status, body = self.ask("POST", "/setup", {"project": key, "schema": schema})
        assert status == 200, body
        version: str | None = body["model_version"]
        return version

    def processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def kill(self) -> None:
        """kill -9 of all its processes at once."""
        for process in self.processes() if self.process.poll() is None else []:
            process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    return (
        os.environ
        | {
            "HEMLINE_HOME": str(home),
            "PORT": str(port),
            "LOCAL_FILES_DOCUMENT_ROOT": str(home),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
        }
        | more
    )


def draw_photos(home: Path, count: int) -> list[dict[str, Any]]:
    """Tasks with small drawn photos in the local files of `home`."""
    (home / "photos").mkdir(exist_ok=True)
    tasks = []
    for number in range(1, count + 1):
        name = f"photos/G{number}_Front.png"
        image = draw_scene(seed=number, width=120, height=160).image
        cv2.imwrite(str(home / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        data = {"image": f"/data/local-files/?d={name}"}
        tasks.append({"id": number, "data": data, "annotations": [], "predictions": []})
    return tasks


def until(true: Callable[[], object], seconds: float) -> None:
    """Asks again and again; a connection that is refused counts as no."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")
