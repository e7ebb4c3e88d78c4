"""What is damaged in a backup, or where it comes from, is named; nothing is restored by halves."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from hemline.errors import BackupError
from hemline.store.backup.manifest import MANIFEST
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup, verify_backup
from hemline.store.backup.take import take_backup
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.tables.loop import DatasetSnapshot, Prediction
from tests.store.backup.conftest import BackUp, MakeStore, quiet
from tests.store.backup.rows import all_rows


def flip(path: Path) -> None:
    """A bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_a_damaged_artifact_is_named_and_no_row_is_restored(
    filled: Store,
    make_store: MakeStore,
    artifacts: ArtifactStore,
    other_artifacts: ArtifactStore,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    back_up(filled)
    with filled.reading() as session:
        damaged, lost = (session.get_one(Prediction, number).mask_digest for number in (1, 2))
    flip(place.artifacts.local_path(damaged))
    place.artifacts.remove(lost)
    assert set(verify_backup(place, quiet).problems) == {damaged, lost}
    target = make_store("sqlite")
    with pytest.raises(BackupError, match=r"2 artifacts .* no row was restored"):
        restore_backup(place, target, other_artifacts, quiet)
    assert not any(all_rows(target).values())
    restored = restore_backup(place, target, other_artifacts, quiet, allow_damage=True)
    assert set(restored.problems) == {damaged, lost}
    assert all_rows(target) == all_rows(filled)
    take_backup(filled, artifacts, place, quiet, verify=True)
    assert not verify_backup(place, quiet).problems


def test_what_is_damaged_where_it_comes_from_is_told_and_the_rest_is_copied(
    filled: Store, artifacts: ArtifactStore, place: BackupPlace, back_up: BackUp
) -> None:
    with filled.reading() as session:
        damaged = session.get_one(Prediction, 1).mask_digest
    data = artifacts.get(damaged)
    flip(artifacts.local_path(damaged))
    taken = back_up(filled)
    assert taken.manifest.missing == tuple(taken.problems) == (damaged,)
    assert not verify_backup(place, quiet).problems  # it does not claim to have it
    artifacts.put(data, "mask")
    assert back_up(filled).manifest.missing == ()
    flip(artifacts.local_path(damaged))
    assert back_up(filled).manifest.missing == ()  # the backup has it whole
    assert place.artifacts.get(damaged) == data


def _truncate(folder: Path) -> None:
    data = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(data[: len(data) // 2])


def _change_count(folder: Path) -> None:
    values = json.loads((folder / MANIFEST).read_bytes())
    values["rows"]["task"] += 1
    (folder / MANIFEST).write_text(json.dumps(values))


def _drop_field(folder: Path) -> None:
    values = json.loads((folder / MANIFEST).read_bytes())
    del values["sha256"]
    (folder / MANIFEST).write_text(json.dumps(values))


def _set(name: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        values = json.loads((folder / MANIFEST).read_bytes())
        (folder / MANIFEST).write_text(json.dumps({**values, name: value}))

    return change


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncate, "manifest.json in .* is damaged"),
        (lambda folder: (folder / MANIFEST).write_bytes(b""), "manifest.json in .* is damaged"),
        (lambda folder: (folder / MANIFEST).write_bytes(b"[1]"), "manifest.json .* is damaged"),
        (lambda folder: (folder / MANIFEST).write_bytes(b"\xff\xfe"), "manifest.json .* damaged"),
        (_drop_field, "manifest.json in .* is damaged"),
        (_change_count, "other numbers of rows"),
        (_set("format", 99), "format 99 .* newer"),
        (_set("schema", "9999_future"), "schema 9999_future, which this version does not know"),
        (_set("database", "database/none.db"), "none.db is missing"),
        (lambda folder: flip(next((folder / "database").iterdir())), ".db in .* is damaged"),
    ],
)
def test_a_spoilt_backup_is_refused_in_a_sentence(
    spoil: Callable[[Path], None],
    words: str,
    filled: Store,
    make_store: MakeStore,
    other_artifacts: ArtifactStore,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    back_up(filled)
    assert place.folder is not None
    spoil(place.folder)
    target = make_store("sqlite")
    with pytest.raises(BackupError, match=words):
        verify_backup(place, quiet)
    with pytest.raises(BackupError, match=words):
        restore_backup(place, target, other_artifacts, quiet)
    assert not any(all_rows(target).values())
    back_up(filled)
    assert not verify_backup(place, quiet).problems


@pytest.mark.parametrize("damage", [b"cut off", None], ids=["damaged", "missing"])
def test_masks_of_a_manifest_that_cannot_be_read_any_more_stay_in_the_backup(
    damage: bytes | None,
    filled: Store,
    artifacts: ArtifactStore,
    place: BackupPlace,
    back_up: BackUp,
) -> None:
    mask = artifacts.put(b"mask that a training saw", "mask")
    content = {"labels": [], "items": [{"mask_digest": mask}]}
    manifest = artifacts.put(json.dumps(content).encode(), "manifest")
    with filled.session() as session:
        session.scalars(select(DatasetSnapshot).limit(1)).one().digest = manifest
    back_up(filled)
    file = artifacts.local_path(manifest)
    for path in (file, artifacts.local_path(mask)):  # one disk has both
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage)
    back_up(filled)
    assert {mask, manifest} <= set(place.artifacts.digests())
    assert place.artifacts.get(mask) == b"mask that a training saw"
