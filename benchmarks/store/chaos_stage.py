"""Everything that `make chaos` kills: backend, worker, Redis and database around a Label Studio of
the tests, and annotators who go on correcting all the while."""

import http.client
import io
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.labelstudio.regions import mask_to_regions
from hemline.settings import get_settings
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version, promote
from hemline.system.child_process import ChildProcess
from hemline.system.ports import pick_free_port
from tests.backend.running import RunningBackend
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.worker_host import WorkerHost
from worker.host.embedded_redis import redis_server
from worker.services import Services, build_services

TASKS = 60
SECRET = "a-secret-of-the-chaos"
_CONFIG = render_label_config(["garment"])
_SAVE_EVERY_S = 0.4
_LABEL_STUDIO_WAITS_S = 1.0  # for the answer to a webhook, which it sends once


class Stage:
    """All processes on one database. A context manager: what is left is ended at its end."""

    def __init__(self, folder: Path, database_url: str) -> None:
        home = folder / "home"
        home.mkdir()
        self.fake = FakeLabelStudio(_CONFIG)
        for number in range(TASKS):
            name = f"G{number // 2:02}_{('Front', 'Back')[number % 2]}.png"
            self.fake.add_task(name, _png(disc(number)[0]))
        self.fake.start()
        port = pick_free_port()
        command = [redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        self.redis = ChildProcess(
            "Redis", [*command, "--dir", str(folder)], log_path=folder / "redis.log"
        )
        self._environment = {
            "HEMLINE_HOME": str(home),
            "DATABASE_URL": database_url,
            "REDIS_URL": f"redis://127.0.0.1:{port}/0",
            "LABEL_STUDIO_URL": self.fake.url,
            "LABEL_STUDIO_API_KEY": "a" * 40,
            "HEMLINE_WEBHOOK_SECRET": SECRET,
            "HEMLINE_RECIPE": str(write_recipe(folder / "small.toml", epochs=6)),
            "HEMLINE_RUNTIME": "torch",
            "HEMLINE_RETRAIN_AFTER": "12",
            "HEMLINE_LEASE_S": "3",
            "HEMLINE_SWEEP_EVERY_S": "1",
            "HEMLINE_RECONCILE_EVERY_S": "5",
            "DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
        }
        os.environ.update(self._environment)
        get_settings.cache_clear()
        self.home = home
        self.log = folder / "worker.log"
        self.hosts: list[WorkerHost] = []
        self.services: Services = build_services(get_settings())
        self.services.store.upgrade()
        _make_champion(self.services, folder)

    def __enter__(self) -> Self:
        self.redis.start()
        try:
            self.start_backend()
        except BaseException:
            self.redis.stop()
            self.fake.stop()
            raise
        self.start_host()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for host in self.hosts:
            host.clean_up()
        self.backend.kill()
        self.redis.stop()
        self.fake.stop()
        self.services.client.close()
        self.services.store.dispose()

    @property
    def host(self) -> WorkerHost:
        return self.hosts[-1]

    def start_host(self) -> None:
        self.hosts.append(WorkerHost(self.log))

    def start_backend(self) -> None:
        self.backend = RunningBackend(self.home, **self._environment)

    def victims(self, name: str) -> list[psutil.Process]:
        """The processes of this name that live."""
        if name == "training":
            return self.host.trainings()
        if name == "worker":
            trainings = {process.pid for process in self.host.trainings()}
            return [process for process in self.host.processes() if process.pid not in trainings]
        if name == "backend":
            return self.backend.processes()
        return [psutil.Process(self.redis.pid)]

    @contextmanager
    def annotators(self, random: Random) -> Iterator[None]:
        """Save corrections, new ones and old ones again, until the block ends."""
        ending = threading.Event()

        def work() -> None:
            while not ending.wait(_SAVE_EVERY_S):
                self._save(random)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join(30)

    def _save(self, random: Random) -> None:
        number = random.randint(1, TASKS)
        mine = [row for row in self.fake.annotations.values() if row["task"] == number]
        if mine:
            result = _regions(disc(random.randrange(1000))[1])
            action, saved = "ANNOTATION_UPDATED", self.fake.update(mine[0]["id"], result=result)
        else:
            saved = self.fake.annotate(number, _regions(disc(number - 1)[1]))
            action = "ANNOTATION_CREATED"
        body = json.dumps(self.fake.payload(action, saved))
        headers = {SECRET_HEADER: SECRET, "Content-Type": "application/json"}
        with suppress(OSError, http.client.HTTPException):  # then it is lost, as Label Studio's are
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.backend.port, timeout=_LABEL_STUDIO_WAITS_S
            )
            try:
                connection.request("POST", "/webhook", body, headers)
                connection.getresponse().read()
            finally:
                connection.close()


class Postgres:
    """A server of its own, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        if not programs:
            raise SystemExit("PostgreSQL is not installed: run `apt-get install postgresql`")
        self._folder = folder
        self._port = pick_free_port()
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            folder.chmod(0o755)
            self._run("chown", "postgres", folder, as_root=True)
        program = str(programs[-1].parent / "initdb")
        data = folder / "data"
        self._run(program, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8")
        self._control: list[str | Path] = [programs[-1], "-D", data, "-w", "-l", folder / "log"]
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"
        self.start()

    def start(self) -> None:
        options = f"-p {self._port} -h 127.0.0.1 -k '' -c max_connections=200"
        self._run(*self._control, "-o", options, "start")

    def crash(self) -> None:
        """All its processes end at once, and it recovers when it is started."""
        self._run(*self._control, "-m", "immediate", "stop")

    def _run(self, *command: str | Path, as_root: bool = False) -> None:
        subprocess.run(
            [*([] if as_root else self._as), *command],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )


def wait_until(true: Any, seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def _make_champion(services: Services, folder: Path) -> None:
    """An untrained network: any training beats it."""
    from hemline.segmentation.model_card import ModelCard
    from hemline.segmentation.model_file import save_model
    from hemline.segmentation.networks.build import build_network
    from hemline.segmentation.recipe.recipe import load_recipe

    recipe = load_recipe(folder / "small.toml")
    path = folder / "first.safetensors"
    weights = build_network(recipe.network, 1).state_dict()
    save_model(path, weights, ModelCard(recipe, ("garment",), 0.5))
    digest = services.artifacts.put(path.read_bytes(), "weights")
    with services.store.session() as session:
        project = upsert_project(session, ls_project_id=7, title="Chaos", label_config=_CONFIG)
        version = create_version(
            session,
            project.id,
            recipe=recipe.model_dump(mode="json"),
            labels=["garment"],
            weights_digest=digest,
            code_version="chaos",
        )
        promote(session, version.id)


def _regions(mask: NDArray[np.uint8]) -> list[dict[str, Any]]:
    config = parse_label_config(_CONFIG)
    return mask_to_regions(mask, config=config, labels=["garment"], region_scores={}, seed="chaos")


def _png(image: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG")
    return data.getvalue()
