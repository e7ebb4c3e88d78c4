"""A backend on a real SQLite store, with photos and a network that need no files."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.app import assemble
from backend.services import BackendServices, connect_services
from hemline.errors import ImageError, ModelError
from hemline.labelstudio.photos.photos import Photo
from hemline.labelstudio.project.config import LabelConfig, render_label_config
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.segmentation.predictor import Examination, MaskPrediction, Predictor
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import get_project
from hemline.store.models.models import champion, create_version, promote
from hemline.store.tables.loop import ModelVersion

GARMENT = render_label_config(["garment"])
MANY = render_label_config(["top", "skirt"])
KEY = "1.1795225515"


class FakePhotos:
    """Photos by URL: 64 x 48 px each, except those that are broken or away."""

    def __init__(self) -> None:
        self.errors: dict[str, Exception] = {}
        self.fetched: list[str] = []

    def fetch(self, url: str, *, task_id: int | None = None) -> Photo:
        self.fetched.append(url)
        if url in self.errors:
            raise self.errors[url]
        if "broken" in url:
            raise ImageError(f"image '{url}' is truncated; upload it again")
        data = cv2.imencode(".png", np.full((64, 48, 3), 200, np.uint8))[1].tobytes()
        return Photo(data=data, digest=f"{len(url):064x}", name=url.rsplit("/", 1)[-1])


class FakeNetwork:
    """Masks the middle of every photo; waits at `gate` while it is closed."""

    labels = ("garment",)

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.calls = 0

    def predict(self, images: Any) -> list[MaskPrediction]:
        if images[0].any():  # the warm-up photo is black
            self.calls += 1
            self.entered.release()
            assert self.gate.wait(30)
        mask = np.zeros(images[0].shape[:2], np.uint8)
        mask[16:48, 12:36] = 1
        return [MaskPrediction(mask, 0.75, {"garment": 0.9})]

    def least_size(self, height: int, width: int) -> tuple[int, int]:
        return height, width

    def examine(
        self, image: Any, *, size: tuple[int, int] | None = None, sure_from: float | None = None
    ) -> Examination:
        assert size in (None, image.shape[:2])
        self.sure_from = sure_from
        (prediction,) = self.predict([image])
        probabilities = prediction.mask[None, ::4, ::4] * np.float32(0.9)
        return Examination(prediction, probabilities, 0.95, np.ones(32, np.float32))


class FakeRefiner:
    """Adds or removes a disc around the newest click, or fills the box."""

    name = "clicks-fake"
    radius = 5  # px

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []  # probability's maximum, clicks, box
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def refine(self, photo: Any, probability: Any, mask: Any, clicks: Any, box: Any = None) -> Any:
        assert self.gate.wait(30)
        known = None if probability is None else round(float(probability.max()), 2)
        self.seen.append((known, tuple(clicks), box))
        if self.error is not None:
            raise self.error
        height, width = mask.shape
        y, x = np.mgrid[:height, :width] + 0.5
        if box is not None:
            inside = (x > box.left * width) & (x < box.right * width)
            inside &= (y > box.top * height) & (y < box.bottom * height)
            return mask | inside
        click = clicks[-1]
        disc = (x - click.x * width) ** 2 + (y - click.y * height) ** 2 <= self.radius**2
        return mask | disc if click.positive else mask & ~disc


class FakePrefiller(Prefiller):
    """The real one, with networks that need no weights: any digest but "broken" loads."""

    def __init__(self, store: Store, settings: Settings, photos: FakePhotos) -> None:
        super().__init__(store, ArtifactStore(settings.artifacts), photos, settings)
        self.store = store
        self.networks: dict[str, FakeNetwork] = {}
        self.refiner = FakeRefiner()
        self.refiner_problem = ""
        self.opened_refiners = 0
        self.form_of_refiner = "fp32"

    def ensure_starter(self, project_id: int, config: LabelConfig) -> None:
        if len(config.labels) == 1:
            add_champion(self.store, project_id, "starter", config.labels)

    def open_refiner(self) -> Any:
        self.opened_refiners += 1
        if self.refiner_problem:
            raise ModelError(self.refiner_problem)
        return self.refiner

    def refiner_form(self) -> str:
        return self.form_of_refiner

    def load(
        self, version: ModelVersion, *, before_photos: Callable[[], object] | None = None
    ) -> LoadedModel:
        if version.weights_digest == "broken":
            raise ModelError("weights are broken; train again")
        network = self.networks.setdefault(
            version.weights_digest, FakeNetwork(version.weights_digest)
        )
        predictor = cast(Predictor, network)  # as much of one as the backend asks for
        return LoadedModel(version.id, version.name, tuple(version.labels), predictor)


class Backend:
    """Everything a test looks at."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.database)
        self.photos = FakePhotos()
        self.prefiller = FakePrefiller(self.store, settings, self.photos)
        self.sent: list[tuple[Any, ...]] = []
        self.services: BackendServices = connect_services(
            settings, self.store, self.prefiller, send=self._send
        )
        self.app: Flask = assemble(self.services)
        self.services.start()

    def _send(self, name: str, *args: Any, queue: str) -> bool:
        self.sent.append((name, *args, queue))
        return True

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def connect(self, config: str = GARMENT, key: str = KEY) -> str | None:
        """What Label Studio does first; returns the version once it is loaded."""
        self.client.post("/setup", json={"project": key, "schema": config})
        self.services.serving.wait(int(key.split(".")[0]), seconds=10)
        answer = self.client.post("/setup", json={"project": key, "schema": config})
        assert answer.json is not None
        version: str | None = answer.json["model_version"]
        return version

    def predict(self, *task_ids: int, url: str = "/data/upload/1/dress{}.png", **more: Any) -> Any:
        tasks = [task(number, url.format(number)) for number in task_ids]
        body = {"tasks": tasks, "project": KEY, "label_config": GARMENT, "params": {}} | more
        # Buffered, so that the response is closed when it is read, as gunicorn closes it.
        answer = self.client.post("/predict", json=body, buffered=True)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return answer.json["results"]

    def new_champion(self, digest: str) -> str:
        """Promotes a version and lets the backend look."""
        with self.store.reading() as session:
            project = get_project(session, 1)
        assert project is not None
        name = add_champion(self.store, project.id, digest, ("garment",))
        self.services.serving.look()
        return name

    def network(self, digest: str = "starter") -> FakeNetwork:
        return self.prefiller.networks[digest]

    def metric(self, name: str, **labels: str) -> float:
        return self.services.metrics.registry.get_sample_value(name, labels) or 0.0

    def finish_background(self) -> None:
        done = threading.Event()
        self.services.background.submit(done.set)
        assert done.wait(10)


def task(number: int, url: str, **more: Any) -> dict[str, Any]:
    """A task as Label Studio sends it."""
    return {
        "id": number,
        "data": {"image": url},
        "meta": {},
        "is_labeled": False,
        "project": 1,
        "inner_id": number,
        "annotations": [],
        "predictions": [],
        "total_predictions": 0,
    } | more


def add_champion(store: Store, project_id: int, digest: str, labels: tuple[str, ...]) -> str:
    with store.session() as session:
        if digest == "starter" and champion(session, project_id) is not None:
            return ""
        version = create_version(
            session,
            project_id,
            recipe={},
            labels=labels,
            weights_digest=digest,
            code_version="0",
        )
        promote(session, version.id)
        return version.name


def make_settings(home: Path, **more: Any) -> Settings:
    return Settings(home=home, database_url="", redis_url="", **more)


@pytest.fixture
def make_backend(tmp_path: Path, sqlite_template: Path) -> Iterator[Any]:
    """Builds backends of given settings in one home; stops them at the end."""
    made = []
    if not (tmp_path / "hemline.db").exists():
        shutil.copy(sqlite_template, tmp_path / "hemline.db")

    def make(**settings: Any) -> Backend:
        made.append(Backend(make_settings(tmp_path, **settings)))
        return made[-1]

    yield make
    for backend in made:
        for network in backend.prefiller.networks.values():
            network.gate.set()
        backend.services.stop()


@pytest.fixture
def backend(make_backend: Any) -> Backend:
    made: Backend = make_backend()
    return made
