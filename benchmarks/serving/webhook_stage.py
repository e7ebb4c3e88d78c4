"""What `make bench-webhooks` measures: a backend and a worker on one store, with tasks whose
pre-fills people correct, tasks that they open, and a pool that nobody opens."""

import http.client
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.bench_backend import (
    CONFIG,
    backend,
    draw_photos,
    wait_for_champion,
    wait_until,
)
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.labelstudio.regions import mask_to_regions
from hemline.masks.codecs.png import encode_class_mask
from hemline.prefill.prefill import register_task
from hemline.settings import get_settings
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.predictions import claim_send, save_prediction
from hemline.store.loop.projects import known_project
from hemline.store.loop.tasks import record_photo
from hemline.store.models.models import champion
from hemline.store.states import DeliveryState, JobKind
from hemline.studio.scene import draw_scene
from hemline.system.child_process import ChildProcess
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.services import Services, build_services

FIRST_OPENED, FIRST_OF_POOL = 100_001, 200_001  # ids of tasks
_PHOTOS = 20  # drawn; the others are links to them
_WIDTH, _HEIGHT = 384, 512
_MASKS = 8
_SECRET = "a-secret-of-the-benchmark"
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_AT_ONCE = 200
_UP_WITHIN_S = 600.0
_COMMAND = [sys.executable, "-c", "from hemline.cli import main; main()", "worker"]
_QUEUES = ["--queues", "ingest,housekeeping,predict", "--beat"]  # nothing trains


class WebhookStage:
    """All processes of one home. `running` starts them.

    corrected, opened, pool: how many tasks people correct, open, and leave to the worker.
    """

    def __init__(
        self, home: Path, *, corrected: int, opened: int, pool: int, database_url: str = ""
    ) -> None:
        self.home = home
        self.fake = FakeLabelStudio(CONFIG, project_id=1)
        self._corrected = corrected
        self._pool = range(FIRST_OF_POOL, FIRST_OF_POOL + pool)
        photos = draw_photos(home / "photos", _PHOTOS)
        numbers = (*range(1, corrected + 1), *range(FIRST_OPENED, FIRST_OPENED + opened))
        self.tasks = {
            number: _linked(home, number, photos[number % _PHOTOS]["data"]["image"])
            for number in (*numbers, *self._pool)
        }
        for number in self._pool:
            self.fake.tasks[number] = {**self.tasks[number], "is_labeled": False, "updated_at": ""}
        masks = [draw_scene(number, width=_WIDTH, height=_HEIGHT).alpha for number in range(_MASKS)]
        self._masks = [(mask > 127).astype(np.uint8) for mask in masks]
        self._results = [_result(mask) for mask in self._masks]
        self._database_url = database_url

    @contextmanager
    def running(self) -> Iterator[int]:
        """The port of the backend; tasks and pre-fills are there, and the worker was started."""
        self.fake.start()
        env = {
            "HEMLINE_HOME": str(self.home),
            "LOCAL_FILES_DOCUMENT_ROOT": str(self.home),
            "DATABASE_URL": self._database_url,
            "REDIS_URL": "",
            "LABEL_STUDIO_URL": self.fake.url,
            "LABEL_STUDIO_API_KEY": "a" * 40,
            "HEMLINE_WEBHOOK_SECRET": _SECRET,
            "HEMLINE_RETRAIN_AFTER": "1000000",
            "HEMLINE_RECONCILE_EVERY_S": "86400",
            "LOG_LEVEL": "WARNING",
        }
        os.environ.update(env)
        get_settings.cache_clear()
        self.services: Services = build_services(get_settings())
        self.services.store.upgrade()
        worker = ChildProcess("worker", [*_COMMAND, *_QUEUES], env=os.environ)
        try:
            # As with a password: what it is sent needs nobody's word.
            with backend(self.home, **env | {"LABEL_STUDIO_API_KEY": ""}) as port:
                wait_for_champion(port, _UP_WITHIN_S)
                self._fill()
                worker.start()
                self.send_correction(port, -1)
                wait_until(lambda: self.deliveries(DeliveryState.DONE) > 0, _UP_WITHIN_S)
                yield port
        finally:
            worker.stop(grace_s=15)
            self.fake.stop()
            self.services.client.close()
            self.services.store.dispose()

    def send_correction(self, port: int, number: int) -> int:
        """The status that the numbered correction is answered with; each brings another mask."""
        round_, task = number // self._corrected, number % self._corrected + 1
        saved = (_BEGAN + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
        body = (
            f'{{"action":"ANNOTATION_{"UPDATED" if round_ else "CREATED"}",'
            f'"annotation":{{"id":{task},"task":{task},"completed_by":1,"was_cancelled":false,'
            f'"created_at":"{saved}","updated_at":"{saved}",'
            f'"result":{self._results[(task + round_) % _MASKS]}}},'
            f'"task":{json.dumps(self.tasks[task])},"project":{json.dumps(self.fake.project)}}}'
        ).encode()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            headers = {"Content-Type": "application/json", SECRET_HEADER: _SECRET}
            connection.request("POST", "/webhook", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError:
            return 0
        finally:
            connection.close()

    def deliveries(self, state: DeliveryState) -> int:
        with self.services.store.reading() as session:
            return count_by_state(session)[state]

    def predict_pool(self) -> None:
        """Has the worker predict the pool."""
        config = parse_label_config(CONFIG)
        with self.services.store.session() as session:
            project = known_project(session, 1)
            for number in self._pool:
                register_task(session, project.id, config, self.tasks[number])
            job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
        self.services.sender.send("worker.predict_pool", job.id, queue="predict")

    def _fill(self) -> None:
        """The tasks that are corrected, each with a pre-fill that was shown."""
        services, config = self.services, parse_label_config(CONFIG)
        digests = [services.artifacts.put(encode_class_mask(mask), "mask") for mask in self._masks]
        numbers = range(1, self._corrected + 1)
        for start in range(0, len(numbers), _AT_ONCE):
            with services.store.session() as session:
                project = known_project(session, 1)
                version = champion(session, project.id)
                assert version is not None
                for number in numbers[start : start + _AT_ONCE]:
                    row = register_task(session, project.id, config, self.tasks[number])
                    record_photo(session, row.id, f"{number:064x}", _WIDTH, _HEIGHT)
                    made = save_prediction(
                        session,
                        task_id=row.id,
                        model_version_id=version.id,
                        image_digest=f"{number:064x}",
                        mask_digest=digests[number % _MASKS],
                        score=0.8,
                        region_scores={},
                    )
                    claim_send(session, made.id, window_s=5)


def _linked(home: Path, number: int, image: str) -> dict[str, Any]:
    """A task with a photo of its own name."""
    name = f"photos/shirt{number}_Front.jpg"
    os.link(home / image.partition("?d=")[2], home / name)
    return {"id": number, "data": {"image": f"/data/local-files/?d={name}"}, "predictions": []}


def _result(mask: NDArray[np.uint8]) -> str:
    """The regions of an annotation, as JSON."""
    config = parse_label_config(CONFIG)
    regions = mask_to_regions(
        mask, config=config, labels=["garment"], region_scores={}, seed="benchmark"
    )
    return json.dumps(regions, separators=(",", ":"))
