"""How long a backup of many tasks takes, and its restore with every artifact checked.

    make bench-backup
    HEMLINE_TEST_POSTGRES=postgresql://user@host/db make bench-backup

On SQLite in a temporary folder, and on PostgreSQL where HEMLINE_TEST_POSTGRES names a server. Each
task has a pre-fill with its mask and probability map, a fifth a correction. Writes its part of
docs/results.md. Exits with 1 if a bar is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

from sqlalchemy import insert, make_url

from benchmarks.results_page import add_page_options, write_part
from hemline.store.backup.copy_artifacts import check_artifacts
from hemline.store.backup.copy_rows import count_rows
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup
from hemline.store.backup.take import take_backup
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Annotation, Prediction, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem
from tests.plugins.databases import new_database

RESTORE_BAR_S = 300.0
_MASK_BYTES, _MAP_BYTES = 6_000, 12_000  # of a photo of 1152 x 1728
_CORRECTED = 5  # every fifth task
_CHUNK = 5_000
_SECONDS_OF = ("backup", "second backup", "restore", "every artifact read again")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    add_page_options(parser)
    options = parser.parse_args()
    lines, missed = [], 0
    for name, databases in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder, databases() as urls:
            if urls is None:
                print(f"{name}: HEMLINE_TEST_POSTGRES names no server")
                continue
            seconds, words = _measure(Path(folder), *urls, options.tasks)
        took = [f"{seconds[what]:.0f}" for what in _SECONDS_OF]
        lines.append(f"| {name} | {words} | {' | '.join(took)} |")
        print(lines[-1], flush=True)
        missed += seconds["restore"] + seconds["every artifact read again"] > RESTORE_BAR_S
    if options.out is not None:
        _write(options.out, options.tasks, lines)
    return 1 if missed else 0


def _measure(folder: Path, url: str, empty_url: str, tasks: int) -> tuple[dict[str, float], str]:
    """Seconds of each step, and what there was."""
    store, artifacts = Store(url), ArtifactStore(str(folder / "artifacts"))
    store.upgrade()
    _fill(store, artifacts, tasks)
    place = BackupPlace(str(folder / "backup"))
    target, restored = Store(empty_url), ArtifactStore(str(folder / "restored"))
    seconds = {}

    def timed(what: str, act: Callable[[], object]) -> None:
        begun = time.monotonic()
        act()
        seconds[what] = time.monotonic() - begun
        print(f"  {what}: {seconds[what]:.0f} s", flush=True)

    timed("backup", lambda: take_backup(store, artifacts, place, _quiet))
    timed("second backup", lambda: take_backup(store, artifacts, place, _quiet))
    timed("restore", lambda: restore_backup(place, target, restored, _quiet))
    there = list(artifacts.digests())
    timed("every artifact read again", lambda: _check(restored, there))
    with store.reading() as session, target.reading() as other:
        counts = count_rows(session)
        assert counts == count_rows(other)
    size = sum(path.stat().st_size for path in (folder / "backup").rglob("*") if path.is_file())
    for each in (store, target):
        each.dispose()
    return seconds, f"{sum(counts.values()):,} | {len(there):,} | {size / 1e9:.1f}"


def _check(artifacts: ArtifactStore, digests: list[str]) -> None:
    assert not check_artifacts(artifacts, digests, lambda _: None)


def _fill(store: Store, artifacts: ArtifactStore, tasks: int) -> None:
    rng = Random(1)
    with store.session() as session:
        project_id = upsert_project(session, ls_project_id=7, title="bench").id
        weights = artifacts.put(rng.randbytes(14_000_000), "weights")
        version_id = create_version(
            session,
            project_id,
            recipe={},
            labels=["Garment"],
            weights_digest=weights,
            code_version="bench",
        ).id
    with ThreadPoolExecutor(16) as pool:
        for start in range(1, tasks + 1, _CHUNK):
            numbers = range(start, min(start + _CHUNK, tasks + 1))
            data = [[rng.randbytes(size) for size in _sizes(number)] for number in numbers]
            digests = pool.map(lambda each: [artifacts.put(d, "mask") for d in each], data)
            _insert(store, project_id, version_id, dict(zip(numbers, digests, strict=True)))


def _sizes(number: int) -> list[int]:
    return [_MASK_BYTES, _MAP_BYTES, *([_MASK_BYTES] if number % _CORRECTED == 0 else [])]


def _insert(store: Store, project_id: int, version_id: int, digests: dict[int, list[str]]) -> None:
    values = {f"signal {number}": number / 30 for number in range(30)}
    photo = "a" * 64
    of_project = {"project_id": project_id}
    corrected = [number for number, each in digests.items() if len(each) > 2]
    rows = {
        Task: [
            {
                "id": n,
                **of_project,
                "ls_task_id": n,
                "data": {"image": f"/data/upload/{n}.jpg"},
                "image_url": f"/data/upload/{n}.jpg",
                "garment": f"D{n // 3}",
                "image_digest": photo,
            }
            for n in digests
        ],
        Prediction: [
            {
                "id": n,
                "task_id": n,
                "model_version_id": version_id,
                "image_digest": photo,
                "mask_digest": each[0],
                "score": 0.5,
                "region_scores": {"Garment": 0.5},
            }
            for n, each in digests.items()
        ],
        PredictionSignals: [
            {
                "prediction_id": n,
                "image_digest": photo,
                "map_digest": each[1],
                "version": 1,
                "embedding": bytes(480),
                "histograms": bytes(384),
                "values": values,
            }
            for n, each in digests.items()
        ],
        Annotation: [
            {
                "id": n,
                **of_project,
                "task_id": n,
                "ls_annotation_id": n,
                "prediction_id": n,
                "mask_digest": digests[n][2],
                "last_mask_digest": digests[n][2],
                "dice": 0.9,
            }
            for n in corrected
        ],
        LabelSignals: [
            {
                "annotation_id": n,
                "prediction_id": n,
                "mask_digest": digests[n][2],
                "version": 1,
                "values": values,
                "histograms": bytes(384),
            }
            for n in corrected
        ],
        ReviewItem: [
            {
                "id": n,
                **of_project,
                "task_id": n,
                "kind": ReviewKind.PHOTO,
                "priority": 0.5,
                "content_digest": photo,
            }
            for n in digests
        ],
    }
    with store.session() as session:
        for table, each in rows.items():
            session.execute(insert(table), each)


def _quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def _sqlite() -> Iterator[tuple[str, str] | None]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/hemline.db", f"sqlite:///{folder}/restored.db"


@contextmanager
def _postgresql() -> Iterator[tuple[str, str] | None]:
    given = os.environ.get("HEMLINE_TEST_POSTGRES")
    if given is None:
        yield None
        return
    server = make_url(given).set(drivername="postgresql+psycopg")
    make = contextmanager(new_database)
    with make(server, template="template0") as url, make(server, template="template0") as empty:
        yield url, empty


def _write(page: Path, tasks: int, lines: list[str]) -> None:
    head = (
        f"## Backup and restore of {tasks:,} tasks\n\n    make bench-backup\n\n"
        f"Seconds. Bar: restored and verified within {RESTORE_BAR_S:.0f} s. The second backup "
        "finds nothing new.\n"
    )
    table = [
        f"| | rows | artifacts | GB | {' | '.join(_SECONDS_OF)} |",
        "|---|---|---|---|---|---|---|---|",
        *lines,
    ]
    write_part(page, "bench-backup", "\n".join([head, *table]))


if __name__ == "__main__":
    sys.exit(main())
