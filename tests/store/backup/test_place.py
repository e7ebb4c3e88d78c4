"""Where a backup lies: another's is not overwritten, and a folder is for one backup at a time."""

from pathlib import Path

import pytest

from hemline.errors import BackupError
from hemline.store.backup.manifest import find_manifest
from hemline.store.backup.place import BackupPlace
from hemline.store.backup.restore import restore_backup, verify_backup
from hemline.store.backup.take import take_backup
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from tests.store.backup.conftest import BackUp, MakeStore, quiet
from tests.store.backup.rows import all_rows


def test_the_backup_of_another_hemline_is_not_overwritten(
    filled: Store, make_store: MakeStore, place: BackupPlace, back_up: BackUp
) -> None:
    back_up(filled)
    other = make_store("sqlite")
    for _ in range(2):
        with pytest.raises(BackupError, match="another Hemline"):
            back_up(other)
        with other.session() as session:
            upsert_project(session, ls_project_id=1, title="of others")
    assert not verify_backup(place, quiet).problems


def test_a_folder_with_other_files_is_refused(
    filled: Store, tmp_path: Path, back_up: BackUp
) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "thesis.doc").write_bytes(b"mine")
    with pytest.raises(BackupError, match=r"other files in it, such as 'thesis\.doc'"):
        back_up(filled)


def test_two_backups_into_one_folder_wait_for_nobody(
    filled: Store, tmp_path: Path, place: BackupPlace, back_up: BackUp
) -> None:
    with (
        BackupPlace(str(tmp_path / "backup")).held(),
        pytest.raises(BackupError, match="another backup writes"),
    ):
        back_up(filled)
    back_up(filled)


def test_a_folder_by_its_address_is_that_folder(tmp_path: Path) -> None:
    place = BackupPlace(f"file://{tmp_path / 'backup'}")
    assert place.folder == tmp_path / "backup"
    with place.held(), pytest.raises(BackupError, match="another backup writes"):
        BackupPlace(str(tmp_path / "backup")).held().__enter__()


def test_a_backup_is_closed_to_other_users(
    filled: Store, place: BackupPlace, back_up: BackUp
) -> None:
    taken = back_up(filled)
    assert place.folder is not None
    assert place.folder.stat().st_mode & 0o077 == 0
    assert (place.folder / taken.manifest.database).stat().st_mode & 0o077 == 0


def test_an_address_that_fsspec_knows_takes_a_backup(
    filled: Store, make_store: MakeStore, artifacts: ArtifactStore, other_artifacts: ArtifactStore
) -> None:
    place = BackupPlace(f"memory://{filled.file}")
    take_backup(filled, artifacts, place, quiet)
    assert take_backup(filled, artifacts, place, quiet).copied == 0
    target = make_store("sqlite")
    restore_backup(place, target, other_artifacts, quiet)
    assert all_rows(target) == all_rows(filled)
    manifest = find_manifest(place)
    assert manifest is not None
    place.remove(manifest.database)
    with pytest.raises(BackupError, match="is missing in"):
        verify_backup(place, quiet)


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BackupError, match="'nowhere://x' cannot be used"):
        BackupPlace("nowhere://x")
