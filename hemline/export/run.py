"""Export: masks of a project into a folder, which a later run goes on with."""

import fcntl
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from hemline.errors import ExportError, HemlineError, LabelStudioError
from hemline.export.cutout_style import DEFAULT_STYLE, CutoutStyle
from hemline.export.formats.format import ExportFormat
from hemline.export.formats.registry import FormatName, open_format
from hemline.export.manifest import FileRecord, Journal, Record
from hemline.export.reader import ExportReader, Sources
from hemline.files import write_atomically
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.masks.parts import RegionsPer
from hemline.store.reports.export_masks import (
    ExportFilter,
    ExportItem,
    count_export,
    export_pages,
)
from hemline.store.tables.loop import Project

ABOUT = "export.json"
SUMMARY = "summary.json"  # how many masks are there, and how many failed
_LOCK = ".lock"
_ASIDE = ".*.????????"  # names of hemline.files while it writes
_THREADS = 4  # photos are waited for, and PNGs are packed outside of Python's lock


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """How an export ended: tasks written now, those that were there already, those that failed."""

    written: int
    kept: int
    failed: int
    shared: tuple[Path, ...]  # files that all tasks share


def run_export(
    sources: Sources,
    project: Project,
    format_name: FormatName,
    chosen: ExportFilter,
    out: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    style: CutoutStyle = DEFAULT_STYLE,
) -> ExportSummary:
    """Writes the chosen masks of a project into `out`, and makes only what is missing there.

    `manifest.jsonl` names each task's files, mask and digests; a task that cannot be exported is
    named there with the reason, and is tried again next time. Files of tasks that are no longer
    chosen are removed.

    Args:
        out: a new or empty folder, or one of an earlier export with the same format and filters.
        style: of cut-outs.
        on_progress: called with tasks done and tasks in all. What it raises ends the export.

    Raises:
        ExportError: the format has no such style, or the folder has something else in it or is
            being written to right now.
        LabelConfigError: the project's label config is not usable.
        LabelStudioError: Label Studio is away or refuses our token, so photos cannot be had.
    """
    config = parse_label_config(project.label_config)
    form = open_format(format_name, style)
    with _claimed(out, _identity(project, format_name, chosen, style)), Journal(out) as journal:
        run = _Run(sources, project, form, format_name, config, out, journal)
        return run.all(chosen, on_progress)


class _Run:
    """One export at work."""

    def __init__(
        self,
        sources: Sources,
        project: Project,
        form: ExportFormat,
        format_name: FormatName,
        config: LabelConfig,
        out: Path,
        journal: Journal,
    ) -> None:
        self._sources = sources
        self._project = project
        self._form = form
        self._format_name = format_name
        self._config = config
        self._out = out
        self._journal = journal
        self._reader = ExportReader(sources, project, config)

    def all(self, chosen: ExportFilter, on_progress: Callable[[int, int], None]) -> ExportSummary:
        total = count_export(self._sources.store, self._project.id, chosen)
        looked_at = kept = 0
        records: list[Record] = []
        on_progress(0, total)
        with ThreadPoolExecutor(_THREADS) as pool:
            for number, items in export_pages(self._sources.store, self._project.id, chosen):
                looked_at += number - len(items)
                for record, is_new in pool.map(self._one, items):
                    if is_new:
                        self._journal.add(record)
                    kept += not is_new
                    looked_at += 1
                    records.append(record)
                    on_progress(looked_at, max(total, looked_at))
        self._remove_others(records)
        good = [record for record in records if record.problem is None]
        parts = (self._out / record.files[0].path for record in good)
        shared = self._form.finish(self._out, parts, self._config.labels)
        self._journal.settle(records)
        summary = ExportSummary(len(good) - kept, kept, len(records) - len(good), tuple(shared))
        figures = {"masks": len(good), "failed": summary.failed}
        write_atomically(self._out / SUMMARY, json.dumps(figures).encode())
        return summary

    def _one(self, item: ExportItem) -> tuple[Record, bool]:
        """The task's record, and whether its files were written now."""
        name = self._reader.name(item)
        key = self._key(item, name)
        known = self._journal.known.get(item.ls_task_id)
        if known is not None and known.key == key and known.is_whole(self._out):
            return known, False
        files: dict[str, bytes] = {}
        problem = None
        try:
            files = self._form.write(self._reader.read(item, with_photo=self._form.needs_photo))
            for path, data in files.items():
                write_atomically(self._out / path, data)
        except LabelStudioError:
            raise
        except HemlineError as error:
            problem = str(error)
        record = Record(
            task=item.ls_task_id,
            name=name,
            key=key,
            source="prediction" if item.ls_annotation_id is None else "correction",
            annotation=item.ls_annotation_id,
            model_version=item.model_version,
            mask_digest=item.mask_digest,
            image_digest=item.image_digest,
            files=tuple(
                FileRecord(path, len(data), sha256(data).hexdigest())
                for path, data in files.items()
            ),
            problem=problem,
        )
        return record, True

    def _key(self, item: ExportItem, name: str) -> str:
        """A digest of all that the task's files follow from."""
        config = self._config
        mask = {key: value for key, value in asdict(item).items() if key != "row_id"}
        if item.covered_digest is None:
            del mask["covered_digest"]  # as in folders from before there were any
        made_from = [
            self._format_name,
            self._form.version,
            name,
            mask,
            config.labels,
            config.from_name,
            config.to_name,
            *([] if config.control == "brush" else [config.control]),
        ]
        if self._format_name is FormatName.LABEL_STUDIO and self._reader.per is RegionsPer.PART:
            made_from.append(self._reader.per)
        return sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()

    def _remove_others(self, records: list[Record]) -> None:
        """Removes what earlier runs wrote and this one did not choose."""
        chosen = {file.path for record in records for file in record.files}
        for record in self._journal.known.values():
            for file in record.files:
                if file.path not in chosen:
                    (self._out / file.path).unlink(missing_ok=True)


def _identity(
    project: Project, format_name: FormatName, chosen: ExportFilter, style: CutoutStyle
) -> bytes:
    """What a folder must have been made for to be gone on with."""
    about = {
        "project": project.ls_project_id,
        "format": format_name,
        "filters": {key: value for key, value in asdict(chosen).items() if value},
    }
    if style != DEFAULT_STYLE:
        about["look"] = style.as_json()
    return json.dumps(about, indent=1).encode() + b"\n"


@contextmanager
def _claimed(out: Path, identity: bytes) -> Iterator[None]:
    """Holds the folder for one export at a time, once it is known to be of this export."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        others = [path for path in out.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise ExportError(f"folder '{out}' cannot be written to: {error.strerror}") from error
    about = out / ABOUT
    if others and not about.exists():
        raise ExportError(f"folder '{out}' holds other files; export into an empty one")
    with (out / _LOCK).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ExportError(
                f"another export writes into '{out}' right now; wait for it or use another folder"
            ) from error
        if not about.exists():
            write_atomically(about, identity)
        elif about.read_bytes() != identity:
            raise ExportError(
                f"'{out}' holds an export with another project, format, filter, edge or frame "
                f"(see {ABOUT} there); export into another folder"
            )
        for path in out.rglob(_ASIDE):  # what a killed export was about to write
            path.unlink()
        yield
