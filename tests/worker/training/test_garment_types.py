"""A recipe with specialists trains a network a type on corrections whose tasks name their type."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemline.labelstudio.project.config import parse_label_config
from hemline.store.models.snapshots import read_manifest
from hemline.store.states import RunState, RunTrigger, Split
from hemline.store.tables.loop import ModelVersion, Project, Task
from tests.worker.discs import write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.training.test_training import correct, run_of
from worker.ingest.registry import register_task
from worker.services import Services
from worker.training.snapshot_samples import in_words_of, open_snapshot
from worker.training.supervise import train_run

pytestmark = pytest.mark.slow

# Of 12 garments of two views: 5 gold, 4 that train, 3 held back (4 photos of coats, 2 of a dress).
_SPLITS = [Split.GOLD] * 5 + [Split.TRAIN] * 4 + [Split.VALIDATION] * 3
_TYPES = ["coat"] * 5 + ["coat", "coat", "dress", "dress"] + ["coat", "coat", "dress"]


def name_types(services: Services, fake: FakeLabelStudio, project: Project) -> None:
    config = parse_label_config(project.label_config)
    for number, ls_task in fake.tasks.items():
        garment = (number - 1) // 2
        ls_task["data"]["garment_type"] = _TYPES[garment]
        row = register_task(services, project, config, ls_task)
        with services.store.session() as session:
            task = session.get(Task, row.id)
            assert task is not None
            task.split = _SPLITS[garment]


def test_the_loop_trains_specialists_of_the_types_in_its_tasks(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    project: Project,
    champion: ModelVersion,
    tmp_path: Path,
) -> None:
    path = write_recipe(tmp_path / "small.toml", epochs=2)
    path.write_text(path.read_text() + "[specialists]\nleast = 2\n", encoding="utf-8")
    name_types(services, fake, project)
    correct(services, fake, deliver, range(1, 25))
    run = run_of(services, 1)
    assert run.trigger is RunTrigger.CORRECTIONS
    train_run(services, run.id)
    run = run_of(services, run.id)
    assert (run.state, run.problem) == (RunState.SUCCEEDED, None)
    assert run.model_version is not None
    rows = run.model_version.figures["specialists"]
    assert [(row["type"], row["garments"], row["trained_on"]) for row in rows] == [("coat", 2, 4)]
    assert run.model_version.figures["chooser"]["types"] == ["coat", "dress"]
    manifest = read_manifest(services.artifacts, run.snapshot)
    data = open_snapshot(services, manifest)
    renamed = in_words_of(data.gold, ["garment"], ["clothes"])
    assert {sample.garment_type for sample in renamed} == {"coat"}
