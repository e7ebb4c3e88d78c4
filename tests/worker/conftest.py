"""A project in a Label Studio of the tests, with a store, photos and a small champion."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from hemline.labelstudio.messages import delivery_digest
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import mask_to_regions
from hemline.masks.codecs.png import encode_class_mask
from hemline.settings import Settings, get_settings
from hemline.store.loop.predictions import claim_send, save_prediction
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version, promote
from hemline.store.tables.loop import ModelVersion, Project
from tests.deliveries import record_delivery
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.commands.main import app
from worker.ingest.registry import register_task
from worker.services import Services, build_services, get_services

CONFIG = render_label_config(["garment"])


@pytest.fixture
def fake() -> Iterator[FakeLabelStudio]:
    """A Label Studio with 24 photos of discs, two views of each of 12 garments."""
    fake = FakeLabelStudio(CONFIG)
    for number in range(24):
        image, _ = disc(number)
        data = io.BytesIO()
        Image.fromarray(image).save(data, "PNG")
        view = ("Front", "Back")[number % 2]
        fake.add_task(f"G{number // 2:02}_{view}.png", data.getvalue())
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def settings(
    request: pytest.FixtureRequest,
    fake: FakeLabelStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """Settings of this process and of those it starts, by way of the environment."""
    environment = {
        "HEMLINE_HOME": str(tmp_path / "home"),
        "LABEL_STUDIO_URL": fake.url,
        "LABEL_STUDIO_API_KEY": "a" * 40,
        "HEMLINE_RECIPE": str(write_recipe(tmp_path / "small.toml")),
        "HEMLINE_RETRAIN_AFTER": "12",
        "HEMLINE_GOLD_SHARE": "0.45",
        "HEMLINE_LEASE_S": "3",
        "HEMLINE_SWEEP_EVERY_S": "1",
        "HEMLINE_RECONCILE_EVERY_S": "3600",
        "DEVICE": "cpu",
        "OMP_NUM_THREADS": "1",
    }
    for mark in request.node.iter_markers("environment"):
        environment |= mark.kwargs
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("DATABASE_URL", "REDIS_URL", "HEMLINE_ARTIFACT_URL"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def services(settings: Settings, sqlite_template: Path) -> Iterator[Services]:
    settings.home_path.mkdir(exist_ok=True)
    shutil.copy(sqlite_template, settings.home_path / "hemline.db")
    services = build_services(settings)
    yield services
    services.client.close()
    services.store.dispose()


@pytest.fixture
def project(services: Services) -> Project:
    with services.store.session() as session:
        return upsert_project(session, ls_project_id=7, title="Garments", label_config=CONFIG)


def show_prefill(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    ls_task_id: int,
    mask: NDArray[np.uint8],
    *,
    score: float,
    image_digest: str = "d" * 64,
) -> None:
    """The task was opened with this pre-fill."""
    config = parse_label_config(project.label_config)
    row = register_task(services, project, config, fake.tasks[ls_task_id])
    digest = services.artifacts.put(encode_class_mask(mask), "mask")
    with services.store.session() as session:
        made = save_prediction(
            session,
            task_id=row.id,
            model_version_id=champion.id,
            image_digest=image_digest,
            mask_digest=digest,
            score=score,
            region_scores={},
        )
        assert claim_send(session, made.id, window_s=5)


@pytest.fixture
def champion(services: Services, project: Project, tmp_path: Path) -> ModelVersion:
    """An untrained network whose Dice is 0.07 (another seed's is 0.5): any training beats it."""
    import torch

    from hemline.segmentation.model_card import ModelCard
    from hemline.segmentation.model_file import save_model
    from hemline.segmentation.networks.build import build_network
    from hemline.segmentation.recipe.recipe import load_recipe

    recipe = load_recipe(tmp_path / "small.toml")
    path = tmp_path / "first.safetensors"
    torch.manual_seed(1)
    save_model(
        path, build_network(recipe.network, 1).state_dict(), ModelCard(recipe, ("garment",), 0.5)
    )
    digest = services.artifacts.put(path.read_bytes(), "weights")
    with services.store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe=recipe.model_dump(mode="json"),
            labels=["garment"],
            weights_digest=digest,
            code_version="test",
        )
        return promote(session, version.id)


@pytest.fixture
def deliver(services: Services) -> Callable[[dict[str, Any]], None]:
    """What the backend does with a webhook."""

    def deliver(payload: dict[str, Any]) -> None:
        with services.store.session() as session:
            record_delivery(
                session,
                digest=delivery_digest(payload),
                action=payload["action"],
                ls_project_id=7,
                payload=payload,
            )

    return deliver


@pytest.fixture
def run(services: Services) -> Callable[..., str]:
    """A command of the worker's, as a person runs it: what it prints, and `exit` and its code."""
    get_services.cache_clear()

    def run(*arguments: str) -> str:
        try:
            result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        finally:
            get_services().client.close()
            get_services().store.dispose()
            get_services.cache_clear()
        return f"{result.output}exit {result.exit_code}"

    return run


def brush(mask: np.ndarray, *, label: str = "garment") -> list[dict[str, Any]]:
    """Regions as an annotator submits them."""
    config = parse_label_config(render_label_config([label]))
    return mask_to_regions(mask, config=config, labels=[label], region_scores={}, seed="by hand")
