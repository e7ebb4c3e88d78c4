"""What runs networks here, the weights that ship with Hemline, and each project's champion."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from hemline.labelstudio.project.config import parse_label_config
from hemline.prefill.label_mapping import LabelMapping, read_mapping
from hemline.segmentation.clicks.shipped_clicks import clicks_path
from hemline.segmentation.mapped_starter import starter_classes
from hemline.segmentation.model_card import read_card
from hemline.segmentation.runtime.choice import choose_runtime
from hemline.segmentation.starter import starter_path
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.loop.projects import known_project
from hemline.store.models.models import champion
from worker.doctor.database import opened
from worker.doctor.diagnosis import Diagnosis, healthy

RUNTIME = "runtime"
RUNTIME_WAY_OUT = "set DEVICE and HEMLINE_RUNTIME to auto"
SHIPPED = "shipped models"
SHIPPED_WAY_OUT = "install Hemline again"
MODEL_WAY_OUT = "run `hemline verify --repair`, or restore the artifacts from their backup"


def check_runtime(settings: Settings) -> Iterator[Diagnosis]:
    """Raises ModelError for a device or a runtime that was asked for and is missing."""
    if choose_runtime(settings.runtime, settings.device) == "openvino":
        yield healthy(RUNTIME, "OpenVINO on the CPU")
        return
    from hemline.segmentation.device import choose_device  # PyTorch takes seconds to load

    where = "a GPU" if choose_device(settings.device) == "cuda" else "the CPU"
    yield healthy(RUNTIME, f"PyTorch on {where}")


def check_shipped_models() -> Iterator[Diagnosis]:
    """Raises ModelError for one that is missing or was changed."""
    starter_path()
    starter_classes()
    clicks_path()
    yield healthy(SHIPPED, "the two starters and the network for clicks are whole")


def check_champion(name: str, settings: Settings, ls_project_id: int) -> Iterator[Diagnosis]:
    """Reads the champion's weights, whole, and their card.

    Raises ArtifactError if they are missing or damaged, ModelError if this version of Hemline
    cannot read them.
    """
    with opened(settings) as store, store.reading() as session:
        project = known_project(session, ls_project_id)
        version = champion(session, project.id)
        config = parse_label_config(project.label_config) if project.label_config else None
        mapping = read_mapping(session, project.id, config.labels) if config else None
    if version is None:
        yield healthy(name, _without_champion(mapping))
        return
    weights = ArtifactStore(settings.artifacts).get(version.weights_digest)
    with tempfile.TemporaryDirectory(prefix="hemline-doctor-") as folder:
        path = Path(folder) / f"{version.name}.safetensors"
        path.write_bytes(weights)
        read_card(path)
    yield healthy(name, f"{version.name}, {len(weights) / 2**20:.0f} MiB, is whole")


def _without_champion(mapping: LabelMapping | None) -> str:
    if mapping is not None and mapping.starter_classes is not None and mapping.draws_nothing:
        return (
            "none yet: the starter knows none of the labels, so the first training makes one; "
            "`hemline connect --map` says which of the starter's classes they are"
        )
    return "none yet: a starter pre-fills as soon as the backend knows the project"
