"""The whole loop without a person: true masks are submitted, and the pre-fill is measured.

Real Label Studio, real backend, real worker. A part of the photos is corrected in batches; the
others stay unseen, and after each training the masks that Label Studio holds for them are compared
with the truth. A project of several labels begins from the starter of many classes.
"""

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hemline.datasets.sample import Dataset, Sample
from hemline.demo.photo_folder import open_photo_folder
from hemline.demo.project import find_project, import_photos
from hemline.demo.simulated import Row, row_of
from hemline.demo.stack import Stack, stack_settings
from hemline.errors import HemlineError
from hemline.files import write_atomically
from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.project.config import LabelConfig, parse_label_config, render_label_config
from hemline.labelstudio.regions import mask_to_regions, regions_to_mask
from hemline.labelstudio.server import Account
from hemline.masks.figures.overlap import IGNORE, confusion
from hemline.prefill.label_mapping import make_mapping, read_mapping
from hemline.prefill.project_config import remember_project
from hemline.segmentation.recipe.recipe import Recipe, toml_text
from hemline.store.database.engine import Store
from hemline.store.loop.projects import get_project
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.models import champion
from hemline.store.models.runs import last_run
from hemline.store.states import RunState
from hemline.system.ports import pick_free_port

_POLL_S = 1.0
_RUN_BEGINS_S = 60.0  # a training that has not been queued by then will not be
_TIMEOUT_S = 3600.0
_QUALITY = 95


def simulate(
    dataset: Dataset,
    *,
    corrections: int,
    batch: int,
    unseen_at_most: int | None = None,
    seed: int = 0,
    home: Path | None = None,
    starter_classes: Mapping[str, Sequence[str]] | None = None,
    recipe: Recipe | None = None,
    on_step: Callable[[str], None] = lambda step: None,
    on_row: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Plays `corrections` corrections, `batch` at a time, and measures after each batch.

    Every garment is either corrected or unseen; `unseen_at_most` bounds how many photos of the
    latter there are. `home` keeps what the stack made; None: a
    temporary folder that is deleted.

    starter_classes: the starter's classes of each label, as `hemline connect --map` has them; None:
        by the labels' names, and for one label the starter of one.
    recipe: what is trained; None: what the settings say.

    Raises:
        HemlineError: there are too few photos, more labels than a label config can have, or a
            program of the stack has ended.
    """
    shown, unseen = choose(dataset.samples, corrections, seed)
    unseen = unseen[:unseen_at_most]

    def play(folder: Path) -> list[Row]:
        simulation = _Simulation(dataset.labels, folder, batch, starter_classes, recipe, on_step)
        return simulation.run(shown, unseen, on_row)

    if home is not None:
        return play(home)
    with tempfile.TemporaryDirectory(prefix="hemline-simulate-") as folder:
        return play(Path(folder))


def choose(
    samples: Sequence[Sample], corrections: int, seed: int
) -> tuple[list[Sample], list[Sample]]:
    """Samples to correct, in a random order of garments, and the unseen ones."""
    by_garment: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_garment[sample.garment].append(sample)
    garments = sorted(by_garment)
    random.Random(seed).shuffle(garments)
    shown: list[Sample] = []
    unseen: list[Sample] = []
    for garment in garments:
        (shown if len(shown) < corrections else unseen).extend(by_garment[garment])
    if not unseen:
        raise HemlineError(
            f"{len(samples)} photos leave none unseen after {corrections} corrections; "
            "give more photos or fewer --corrections"
        )
    return shown[:corrections], unseen


class _Simulation:
    def __init__(
        self,
        labels: Sequence[str],
        home: Path,
        batch: int,
        starter_classes: Mapping[str, Sequence[str]] | None,
        recipe: Recipe | None,
        on_step: Callable[[str], None],
    ) -> None:
        self._labels = labels
        self._batch = batch
        self._starter_classes = starter_classes
        self._has_model = True  # before the first training
        self._on_step = on_step
        self._last_run_id: int | None = None
        self._config: LabelConfig = parse_label_config(render_label_config(labels))
        account = Account()
        self._settings = stack_settings(
            home,
            account,
            label_studio_port=pick_free_port(),
            backend_port=pick_free_port(),
            webhook_secret="simulate",
            retrain_after=batch,
            pseudo_labels=False,  # else what it measures on would be trained on
            bagging=0,  # it plays the trainings on corrections alone
            specialists=0,
            **({"recipe": str(_write_recipe(home, recipe))} if recipe else {}),
        )
        self._stack = Stack(self._settings, account)
        self._store = Store(self._settings.database)

    def run(
        self, shown: list[Sample], unseen: list[Sample], on_row: Callable[[Row], None]
    ) -> list[Row]:
        self._on_step("writing the photos")
        folder = self._stack.files_root / "simulation"
        for sample in [*shown, *unseen]:
            _write(folder / f"{sample.id}.jpg", sample)
        self._on_step("starting Label Studio, the backend and the worker")
        with self._stack as stack:
            project = find_project(stack.client, None, "Hemline simulation").project_id
            stack.client.update_project(project, label_config=render_label_config(self._labels))
            self._has_model = self._map_labels(project)
            stack.connect(project, first_model=self._has_model)
            import_photos(stack.client, project, open_photo_folder(folder, stack.files_root))
            return self._play(stack.client, project, shown, unseen, on_row)

    def _map_labels(self, project: int) -> bool:
        """Sets what the labels mean to the starter; whether it draws any of them."""
        with self._store.session() as session:
            row = remember_project(session, project, render_label_config(self._labels)).row
            if self._starter_classes is None:
                mapping = read_mapping(session, row.id, self._labels)
            else:
                mapping = make_mapping(
                    session, row.id, self._labels, self._starter_classes, by="hemline simulate"
                )
        return mapping.starter_classes is None or not mapping.draws_nothing

    def _play(
        self,
        client: LabelStudioClient,
        project: int,
        shown: list[Sample],
        unseen: list[Sample],
        on_row: Callable[[Row], None],
    ) -> list[Row]:
        tasks = {
            Path(task["data"]["image"]).stem: task["id"]
            for task in client.iter_tasks(project, full=False)
        }
        begin = time.monotonic()
        first = "the starter" if self._has_model else "no model: the starter knows no label"
        rows = [self._measure(client, project, unseen, tasks, 0, first, begin)]
        on_row(rows[0])
        for start in range(0, len(shown), self._batch):
            part = shown[start : start + self._batch]
            for number, sample in enumerate(part, start=start + 1):
                self._on_step(f"correcting photo {number} of {len(shown)}")
                self._correct(client, tasks[sample.id], sample)
            decision = self._await_training(project)
            rows.append(
                self._measure(client, project, unseen, tasks, start + len(part), decision, begin)
            )
            on_row(rows[-1])
        return rows

    def _correct(self, client: LabelStudioClient, task_id: int, sample: Sample) -> None:
        opened = client.open_task(task_id)
        _, mask = sample.load()
        drawn = np.where(mask == IGNORE, np.uint8(0), mask)
        result = mask_to_regions(
            drawn, config=self._config, labels=self._labels, region_scores={}, seed=sample.id
        )
        fields: dict[str, Any] = {"lead_time": 30.0}
        if opened["predictions"]:
            fields["parent_prediction"] = opened["predictions"][0]["id"]
        client.create_annotation(task_id, result, **fields)

    def _await_training(self, project: int) -> str:
        """Waits for the training that the batch starts, and returns its decision."""
        before, asked = self._last_run_id, time.monotonic()
        while time.monotonic() - asked < _TIMEOUT_S:
            self._stack.check()
            with self._store.reading() as session:
                row = get_project(session, project)
                run = last_run(session, row.id) if row else None
            if run is None or run.id == before:
                if time.monotonic() - asked > _RUN_BEGINS_S:
                    return "no training: too few gold garments yet"
                self._on_step("waiting for a training to begin")
            elif run.state in (RunState.QUEUED, RunState.RUNNING):
                self._on_step(f"training: epoch {run.epoch} of {run.epochs or '?'}")
            else:
                self._last_run_id = run.id
                return self._decision(run.model_version_id) or f"training failed: {run.problem}"
            time.sleep(_POLL_S)
        raise HemlineError(
            f"a training has not ended after {_TIMEOUT_S:.0f} s; see "
            f"{self._settings.home_path / 'logs'}"
        )

    def _decision(self, version_id: int | None) -> str | None:
        if version_id is None:
            return None
        with self._store.reading() as session:
            return evaluations_of(session, version_id)[0].decision  # the newest

    def _measure(
        self,
        client: LabelStudioClient,
        project: int,
        unseen: list[Sample],
        tasks: dict[str, int],
        corrections: int,
        decision: str,
        begin: float,
    ) -> Row:
        version, results = self._prefills(client, project, [tasks[one.id] for one in unseen])
        return row_of(
            [self._confusion(results.get(tasks[one.id], []), one) for one in unseen],
            self._labels,
            corrections=corrections,
            model_version=version,
            decision=decision,
            minutes=(time.monotonic() - begin) / 60,
        )

    def _prefills(
        self, client: LabelStudioClient, project: int, task_ids: list[int]
    ) -> tuple[str, dict[int, list[Json]]]:
        """The champion's regions as Label Studio holds them, once it holds all of them."""
        asked = time.monotonic()
        while time.monotonic() - asked < _TIMEOUT_S:
            self._stack.check()
            with self._store.reading() as session:
                row = get_project(session, project)
                version = champion(session, row.id) if row else None
            if version is None and not self._has_model:
                return "none", {}
            if version is not None:
                found = {
                    task["id"]: prediction["result"]
                    for task in client.iter_tasks(project, task_ids=task_ids)
                    for prediction in task["predictions"]
                    if prediction["model_version"] == version.name
                }
                self._on_step(f"pre-filling: {len(found)} of {len(task_ids)} unseen photos")
                if len(found) == len(task_ids):
                    return version.name, found
            time.sleep(_POLL_S * 3)
        raise HemlineError(
            f"the unseen photos are not pre-filled after {_TIMEOUT_S:.0f} s; see "
            f"{self._settings.home_path / 'logs'}"
        )

    def _confusion(self, result: list[Json], sample: Sample) -> NDArray[np.int64]:
        truth = sample.load()[1]
        mask = regions_to_mask(
            result,
            config=self._config,
            labels=self._labels,
            height=truth.shape[0],
            width=truth.shape[1],
        )
        return confusion(mask, truth, classes=len(self._labels) + 1, ignore=IGNORE)


def _write_recipe(home: Path, recipe: Recipe) -> Path:
    path = home.absolute() / "recipe.toml"
    write_atomically(path, toml_text(recipe).encode())
    return path


def _write(path: Path, sample: Sample) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sample.load()[0]).save(path, quality=_QUALITY)
