"""What a backup says of itself; written last, so that a folder without it is no whole backup."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from hemline.errors import BackupError
from hemline.store.backup.place import BackupPlace

MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """One backup: the rows of a moment, in an SQLite file, and how many artifacts they name.

    database: name of that file in the backup; sha256: digest of it. The artifacts need no list of
    their own: rows name them by digest.
    projects: which Hemline it is of: Label Studio's number of each, and when it was connected.
    rows: by table; schema: revision of the tables; artifacts: how many lie there.
    missing: digests of artifacts that could not be read when the backup was taken.
    """

    hemline: str
    schema: str
    taken_at: datetime
    database: str
    sha256: str
    projects: tuple[str, ...]
    rows: dict[str, int]
    artifacts: int
    missing: tuple[str, ...]


def write_manifest(place: BackupPlace, manifest: BackupManifest) -> None:
    values = {"format": _FORMAT, **asdict(manifest), "taken_at": manifest.taken_at.isoformat()}
    place.write(MANIFEST, json.dumps(values, indent=1).encode() + b"\n")


def find_manifest(place: BackupPlace) -> BackupManifest | None:
    """The manifest of the whole backup that is there, if there is one.

    Raises BackupError if it is damaged, or of a later Hemline.
    """
    data = place.read(MANIFEST)
    if data is None:
        return None
    try:
        values = json.loads(data)
        if (number := int(values.pop("format"))) > _FORMAT:
            raise BackupError(
                f"the backup in {place} has format {number} and this Hemline reads up to "
                f"{_FORMAT}; restore it with Hemline {values.get('hemline')} or newer"
            )
        values["taken_at"] = datetime.fromisoformat(values["taken_at"]).astimezone(UTC)
        for name in ("projects", "missing"):
            values[name] = tuple(values[name])
        return BackupManifest(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(
            f"{MANIFEST} in {place} is damaged ({error}); restore another backup, or run "
            "`hemline backup` again where the data still is"
        ) from error


def read_manifest(place: BackupPlace) -> BackupManifest:
    """The same where there has to be one. Raises BackupError if there is none."""
    manifest = find_manifest(place)
    if manifest is None:
        raise BackupError(
            f"{place} has no whole backup: {MANIFEST}, which is written last, is missing; check "
            "the name, or run `hemline backup` to its end"
        )
    return manifest
