"""`hemline prune`: what can be made again goes, what somebody needs stays."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from hemline.errors import ArtifactError, ArtifactsUnavailable, HemlineError
from hemline.segmentation.runtime.openvino_library import converter_version
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.columns import utcnow
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.conversions import record_conversion
from hemline.store.models.models import create_version, promote, rollback
from hemline.store.models.runs import fail_run, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import Annotation, Conversion, ModelVersion, Project
from worker.pruning.orphans import prunable_orphans
from worker.pruning.pile import PruneLimits
from worker.pruning.prune import find_piles
from worker.services import Services
from worker.training.supervise import run_folder
from worker.verify import find_damage

LIMITS = PruneLimits(timedelta(days=30), None, 1)
Run = Callable[..., str]


def age(path: Path, days: float) -> Path:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))
    return path


def make(path: Path, size: int, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    return age(path, days)


def store_old(services: Services, data: bytes) -> str:
    digest = services.artifacts.put(data, "mask")
    age(services.artifacts.local_path(digest), 40)
    return digest


def found(services: Services, limits: PruneLimits = LIMITS) -> dict[str, tuple[int, int]]:
    piles, problems = find_piles(services, limits)
    assert problems == []
    return {pile.kind: (pile.count, pile.size) for pile in piles if pile.count}


def remove_all(services: Services, limits: PruneLimits = LIMITS) -> dict[str, int]:
    return {pile.kind: pile.remove() for pile in find_piles(services, limits)[0] if pile.count}


def test_an_installation_of_today_has_nothing_to_remove(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    make(services.settings.home_path / "photos" / "a", 100, 1)
    assert found(services) == {}


def test_files_of_caches_go_by_age_and_by_size(services: Services) -> None:
    home = services.settings.home_path
    old = [make(home / folder / "a", 100, 31) for folder in ("photos", "pictures")]
    young = [make(home / "photos" / name, 100, days) for name, days in (("b", 9), ("c", 8))]
    other = make(home / "exports" / "1" / "x.png", 100, 90)
    assert found(services) == {"photos": (1, 100), "pictures": (1, 100)}
    assert all(path.exists() for path in old)
    narrow = PruneLimits(timedelta(days=30), 150, 1)
    assert found(services, narrow) == {"photos": (2, 200), "pictures": (1, 100)}
    assert remove_all(services, narrow) == {"photos": 2, "pictures": 1}
    assert [path.exists() for path in (*old, *young, other)] == [False, False, False, True, True]
    assert found(services, narrow) == {}


def test_folders_of_trainings_go_once_they_are_over(services: Services, project: Project) -> None:
    runs = []
    for number in range(2):
        with services.store.session() as session:
            snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
            run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
            assert run is not None
            if number == 0:
                fail_run(session, run.id, None, "given up")
        folder = run_folder(services.settings, run.id)
        make(folder / "work" / "checkpoint", 1000, 40)
        make(folder / "log", 10, 40)
        runs.append(folder)
    backups = [services.settings.home_path / f".backup-{days}" for days in (8, 6)]
    for folder in backups:
        make(folder / "hemline.db", 500, 0)
        age(folder, int(folder.name[-1]))
    expected = {"checkpoints": (1, 1000), "logs of trainings": (1, 10), "left by backups": (1, 500)}
    assert found(services) == expected
    remove_all(services)
    assert not runs[0].exists()
    assert (runs[1] / "work" / "checkpoint").exists()
    assert (runs[1] / "log").exists()
    assert [folder.exists() for folder in backups] == [False, True]


def add_version(services: Services, project: Project, weights: bytes, days: int) -> ModelVersion:
    digest = store_old(services, weights)
    with services.store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest=digest,
            code_version="0",
        )
        version.created_at = utcnow() - timedelta(days=days)
        return promote(session, version.id, now=version.created_at)


def test_weights_go_and_the_way_back_stays(services: Services, project: Project) -> None:
    versions = [
        add_version(services, project, bytes([number]) * 1000, 100 - number) for number in range(4)
    ]
    converted = store_old(services, b"converted from the first")
    old = store_old(services, b"by an OpenVINO of last year")
    with services.store.session() as session:
        record_conversion(
            session, versions[0].weights_digest, "fp32", converter_version(), converted
        )
        record_conversion(session, versions[3].weights_digest, "fp32", "openvino 2020", old)
        session.execute(update(Conversion).values(created_at=utcnow() - timedelta(days=50)))
    expected = {
        "weights": (3, 2000 + len(b"converted from the first")),
        "converted networks": (1, len(b"by an OpenVINO of last year")),
    }
    assert found(services) == expected
    assert remove_all(services) == {"weights": 3, "converted networks": 1}
    assert found(services) == {}
    assert list(find_damage(services)) == []
    left = {version.weights_digest for version in versions[2:]}
    assert left <= set(services.artifacts.digests())
    with services.store.session() as session:
        back = rollback(session, project.id)
    services.artifacts.get(back.weights_digest)


def test_weights_that_a_training_stored_again_a_moment_ago_stay(
    services: Services, project: Project
) -> None:
    first = add_version(services, project, b"first", 90)
    for number in range(2):
        add_version(services, project, b"later" + bytes([number]), 80 - number)
    piles, _ = find_piles(services, LIMITS)
    services.artifacts.put(b"first", "weights")  # its row follows
    for pile in piles:
        pile.remove()
    assert services.artifacts.get(first.weights_digest) == b"first"


def test_artifacts_that_no_row_names_go_after_a_day(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    orphan = store_old(services, b"nobody's")
    young = services.artifacts.put(b"its row is about to be written", "mask")
    past = store_old(services, b"what a training saw")
    with services.store.session() as session:
        task = upsert_task(
            session, project.id, ls_task_id=1, data={}, image_url="/1", garment="G", view="Front"
        )
        session.add(
            Annotation(
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=1,
                last_mask_digest=past,
                deleted_at=utcnow(),
            )
        )
    assert found(services) == {"artifacts": (1, len(b"nobody's"))}
    assert remove_all(services) == {"artifacts": 1}
    there = set(services.artifacts.digests())
    assert orphan not in there
    assert {young, past, champion.weights_digest} <= there


def test_an_artifact_whose_row_comes_between_look_and_removal_stays(
    services: Services, project: Project
) -> None:
    taken, stored, left = (store_old(services, name) for name in (b"one", b"two", b"three"))
    pile = prunable_orphans(services)
    assert pile.count == 3
    with services.store.session() as session:
        session.get_one(Project, project.id).ranking_digest = taken
    assert services.artifacts.put(b"two", "mask") == stored  # its row is not committed yet
    assert pile.remove() == 1
    assert set(services.artifacts.digests()) == {taken, stored}
    assert not services.artifacts.exists(left)


def test_nothing_goes_while_a_snapshot_cannot_be_read(services: Services, project: Project) -> None:
    """Its manifest may name any of the artifacts that no row names."""
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
    orphan = store_old(services, b"nobody's")
    services.artifacts.local_path(snapshot.digest).write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="cannot be read, so the masks it names are unknown"):
        prunable_orphans(services)
    photo = make(services.settings.home_path / "photos" / "a", 100, 31)
    piles, problems = find_piles(services, LIMITS)
    assert len(problems) == 1
    for pile in piles:
        pile.remove()
    assert not photo.exists()
    assert services.artifacts.exists(orphan)


def test_copies_of_a_bucket_go_too(services: Services) -> None:
    make(services.settings.home_path / "cache" / "artifacts" / ("a" * 64), 100, 31)
    assert remove_all(services) == {"copies of artifacts": 1}


@pytest.fixture
def photo(services: Services) -> Path:
    return make(services.settings.home_path / "photos" / "a", 3 * 2**20, 31)


def test_the_command_lists_and_removes_only_when_told_to(
    run: Run, photo: Path, services: Services
) -> None:
    told = run("prune")
    assert "photos\t1\t3.0 MiB" in told
    assert "would go" in told
    assert "Nothing was removed" in told
    assert told.endswith("exit 0")
    assert photo.exists()
    assert "photos\t0\t" in run("prune", "--older-than", "32d")
    told = run("prune", "--delete", "--older-than", "744h", "--cache-size", "2G")
    assert "all\t1\t3.0 MiB" in told
    assert "removed" in told
    assert not photo.exists()
    store_old(services, b"nobody's")
    assert "artifacts\t1" in run("prune")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--older-than", "a month"), "'a month' is not a length of time; write it as 30d"),
        (("--older-than", "-3d"), "'-3d' is not a length of time"),
        (("--older-than", "999999d"), "'999999d' is not a length of time"),
        (("--cache-size", "much"), "'much' is not a size; write it as 500M"),
        (("--cache-size", "9" * 400), "9' is not a size"),
    ],
)
def test_what_is_no_limit_is_refused(
    arguments: tuple[str, str], words: str, run: Run, photo: Path
) -> None:
    with pytest.raises(HemlineError, match=words):
        run("prune", "--delete", *arguments)
    assert photo.exists()


def test_while_the_bucket_is_away_the_rest_goes(
    services: Services, project: Project, run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_old(services, b"nobody's")

    def away(*_: object) -> None:
        raise ArtifactsUnavailable("no answer from the bucket", retry_after_s=30)

    monkeypatch.setattr(ArtifactStore, "digests", away)
    with pytest.raises(HemlineError, match="no answer from the bucket"):
        run("prune", "--delete")
    assert not photo.exists()


def test_what_cannot_be_removed_now_keeps_nobody_from_the_rest(
    services: Services, run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(services.settings, 999) / "work"
    make(folder / "checkpoint.pt", 9, 40)
    nobodys = store_old(services, b"nobody's")

    def denied(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("worker.pruning.folders.shutil", SimpleNamespace(rmtree=denied))
    with pytest.raises(HemlineError, match="not all checkpoints could be removed"):
        run("prune", "--delete")
    assert not photo.exists()
    assert not services.artifacts.exists(nobodys)


def test_a_bucket_is_pruned_as_a_folder_is(services: Services, tmp_path: Path) -> None:
    """But for what is younger than a day there, which is all that a test can store."""
    artifacts = ArtifactStore(f"memory://{tmp_path}")
    artifacts.put(b"nobody's", "mask")
    assert prunable_orphans(replace(services, artifacts=artifacts)).count == 0
