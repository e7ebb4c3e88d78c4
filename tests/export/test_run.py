"""Exports into folders: what is chosen, what is kept, what is broken, what is in the way."""

import json
import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest

from hemline.errors import ExportError, LabelStudioError
from hemline.export.formats.registry import FormatName
from hemline.export.manifest import MANIFEST, read_manifest
from hemline.export.request import build_filter
from hemline.export.run import ExportSummary, run_export
from hemline.images import content_digest
from hemline.store.loop.annotations import delete_annotations, record_annotation
from hemline.store.loop.tasks import upsert_task
from hemline.store.reports.export_masks import ExportFilter, MaskChoice
from hemline.store.review.review_order import item_of_task
from hemline.store.review.verdicts import give_verdict
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Task
from tests.export.conftest import Shop, figure, read_png

CUTOUTS, MASKS = FormatName.CUTOUTS, FormatName.MASKS


def export(
    shop: Shop, out: Path, chosen: ExportFilter | None = None, form: FormatName = MASKS
) -> ExportSummary:
    return run_export(shop.sources, shop.project, form, chosen or ExportFilter(), out)


def names(out: Path) -> list[str]:
    return [record.name for record in read_manifest(out / MANIFEST) if not record.problem]


def test_the_manifest_names_label_digests_and_files(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert export(shop, out).written == 3
    record = read_manifest(out / MANIFEST)[0]
    task = corrected[0]
    assert (record.task, record.annotation) == (task.ls_task_id, task.ls_task_id + 1000)
    assert (record.source, record.image_digest) == ("correction", task.image_digest)
    assert record.mask_digest == sha256(shop.sources.artifacts.get(record.mask_digest)).hexdigest()
    (file,) = record.files
    data = (out / file.path).read_bytes()
    assert (file.bytes, file.sha256) == (len(data), sha256(data).hexdigest())


def test_the_newest_correction_is_taken_and_ground_truth_before_it(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    newer = np.zeros_like(figure(1)[1])
    newer[10:20, 10:20] = 1
    shop.correct(corrected[0], newer, annotation=9001, minute=5)
    shop.correct(corrected[1], newer, annotation=9002, minute=5)
    shop.correct(corrected[1], figure(2)[1], annotation=9003, minute=1, ground_truth=True)
    export(shop, tmp_path / "out")
    taken = [record.annotation for record in read_manifest(tmp_path / "out" / MANIFEST)]
    assert taken == [9001, 9003, corrected[2].ls_task_id + 1000]


def test_predictions_fill_in_where_they_are_asked_for(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    waiting = shop.add("D9_Back.png")
    shop.predict(waiting, figure(9)[1])
    shop.predict(corrected[0], figure(9)[1])
    assert export(shop, tmp_path / "a").written == 3
    best = build_filter(shop.sources.store, shop.project, masks=MaskChoice.BEST)
    assert export(shop, tmp_path / "b", best).written == 4
    last = read_manifest(tmp_path / "b" / MANIFEST)[-1]
    assert (last.source, last.annotation) == ("prediction", None)
    assert last.model_version == shop.version.name
    only = build_filter(shop.sources.store, shop.project, masks=MaskChoice.PREDICTIONS)
    assert export(shop, tmp_path / "c", only).written == 2


def test_filters_choose(shop: Shop, corrected: list[Task], tmp_path: Path) -> None:
    other = shop.add("D4_Back.png", view="Back", photo_session="may", garment_type="coat")
    shop.correct(other, figure(4)[1], annotator="bob")
    for number, chosen in enumerate(
        [
            ExportFilter(garment=other.garment),
            ExportFilter(view="Back"),
            ExportFilter(photo_session="may"),
            ExportFilter(garment_type="coat"),
            ExportFilter(annotator="bob"),
        ]
    ):
        export(shop, tmp_path / str(number), chosen)
        assert names(tmp_path / str(number)) == ["D4_Back"], chosen
    export(shop, tmp_path / "none", ExportFilter(view="Side"))
    assert names(tmp_path / "none") == []


def test_an_annotators_mask_that_somebody_replaced_is_not_theirs(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    shop.correct(corrected[0], figure(2)[1], annotation=9001, minute=5, annotator="bob")
    export(shop, tmp_path / "out", ExportFilter(annotator="ann"))
    assert names(tmp_path / "out") == ["D2_Front", "D3_Front"]


def test_reviewed_takes_what_was_found_good(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    verdicts = [Verdict.BOTH_FINE, Verdict.LABEL_WRONG, Verdict.MODEL_WRONG]
    with shop.sources.store.session() as session:
        for number, (task, verdict) in enumerate(zip(corrected, verdicts, strict=True), start=1):
            write_item(
                session,
                RankedItem(
                    shop.project.id, task.id, ReviewKind.LABEL, 0.5, "d", annotation_id=number
                ),
            )
            item = item_of_task(session, task.id, ReviewKind.LABEL)
            assert item is not None
            give_verdict(session, item.id, verdict, by="rae")
    export(shop, tmp_path / "out", ExportFilter(reviewed=True))
    assert names(tmp_path / "out") == ["D1_Front", "D3_Front"]


def test_only_what_is_missing_is_made(shop: Shop, corrected: list[Task], tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(shop, out)
    stamps = {path: path.stat().st_mtime_ns for path in (out / "masks").iterdir()}
    (out / "masks" / "D2_Front.png").unlink()
    shop.correct(corrected[2], figure(7)[1], minute=9)
    summary = export(shop, out)
    assert (summary.written, summary.kept, summary.failed) == (2, 1, 0)
    kept = out / "masks" / "D1_Front.png"
    assert kept.stat().st_mtime_ns == stamps[kept]
    assert (read_png(out / "masks" / "D3_Front.png") == figure(7)[1]).all()


def test_what_is_no_longer_chosen_is_removed_and_nothing_else(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export(shop, out)
    (out / "masks" / "mine.txt").write_text("keep me")
    with shop.sources.store.session() as session:
        when = corrected[0].created_at
        delete_annotations(session, shop.project.id, [corrected[0].ls_task_id + 1000], when)
    export(shop, out)
    left = sorted(path.name for path in (out / "masks").iterdir())
    assert left == ["D2_Front.png", "D3_Front.png", "mine.txt"]
    assert names(out) == ["D2_Front", "D3_Front"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from hemline.export.formats.registry import FormatName
from hemline.export.request import build_sources, find_project
from hemline.export.run import run_export
from hemline.settings import get_settings
from hemline.store.loop.annotations import delete_annotations, record_annotation
from hemline.store.reports.export_masks import ExportFilter
def stop(done, total):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)
sources = build_sources(get_settings())
project = find_project(sources.store, 7)
run_export(sources, project, FormatName.CUTOUTS, ExportFilter(), Path(sys.argv[1]), stop)
"""


def test_a_killed_export_goes_on_where_it_was(
    shop: Shop, settings_environment: dict[str, str], tmp_path: Path
) -> None:
    for number in range(1, 9):
        shop.correct(shop.add(f"D{number}_Front.png"), figure(number)[1])
    out = tmp_path / "out"
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(out)],
        env={**os.environ, **settings_environment},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    with (out / MANIFEST).open("ab") as file:
        file.write(b'{"task": 104, "name": "D4')  # cut off in the middle of a line
    (out / "cutouts" / ".D4_Front.png.a1b2c3d4").write_bytes(b"half")
    summary = export(shop, out, form=CUTOUTS)
    assert summary.kept >= 2
    assert (summary.written + summary.kept, summary.failed) == (8, 0)
    assert names(out) == [f"D{number}_Front" for number in range(1, 9)]
    assert not [path for path in out.rglob("*") if path.name.startswith(".D")]
    for path in (out / "cutouts").iterdir():
        assert read_png(path).shape == (96, 72, 4)


def test_a_broken_photo_is_named_and_tried_again(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    out, photo = tmp_path / "out", shop.photos / "D2_Front.png"
    whole = photo.read_bytes()
    for broken, told in ((b"", "empty"), (whole[:200], "truncated")):
        photo.write_bytes(broken)
        summary = export(shop, out, form=CUTOUTS)
        assert (summary.written + summary.kept, summary.failed) == (2, 1)
        (bad,) = [record for record in read_manifest(out / MANIFEST) if record.problem]
        assert bad.task == corrected[1].ls_task_id
        assert told in (bad.problem or "")
        assert bad.files == ()
    photo.write_bytes(whole)
    summary = export(shop, out, form=CUTOUTS)
    assert (summary.written, summary.kept, summary.failed) == (1, 2, 0)


def test_masks_that_cannot_be_read_or_do_not_fit_are_named(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    shop.correct(corrected[0], np.ones((5, 4), np.uint8), minute=3)
    too_many = figure(2)[1]
    too_many[0, 0] = 9
    shop.correct(corrected[1], too_many, minute=3)
    digest = sha256(b"gone").hexdigest()
    with shop.sources.store.session() as session:
        record_annotation(
            session,
            project_id=shop.project.id,
            task_id=corrected[2].id,
            ls_annotation_id=9009,
            mask_digest=digest,
            ground_truth=True,
        )
    summary = export(shop, tmp_path / "out", form=CUTOUTS)
    problems = [record.problem or "" for record in read_manifest(tmp_path / "out" / MANIFEST)]
    assert summary.failed == 3
    assert "4 x 5 px" in problems[0]
    assert "class id 9" in problems[1]
    assert "missing" in problems[2]


def test_a_photo_that_is_another_now_is_not_cut_out(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    path = shop.photos / "D1_Front.png"
    cv2.imwrite(str(path), figure(5)[0])
    assert content_digest(path.read_bytes()) != corrected[0].image_digest
    assert export(shop, tmp_path / "out", form=CUTOUTS).failed == 1


def test_two_photos_of_one_name_have_two_files(shop: Shop, tmp_path: Path) -> None:
    for folder in ("may", "june"):
        task = shop.add(f"{folder}/D1.png")
        shop.correct(task, figure(1)[1])
    export(shop, tmp_path / "out")
    assert names(tmp_path / "out") == ["D1", "D1_2"]


def test_a_folder_with_something_else_in_it_is_left_alone(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").write_text("x")
    with pytest.raises(ExportError, match="holds other files"):
        export(shop, tmp_path / "full")
    export(shop, tmp_path / "out")
    with pytest.raises(ExportError, match="another project, format, filter, edge or frame"):
        export(shop, tmp_path / "out", ExportFilter(view="Front"))
    with pytest.raises(ExportError, match="another project, format"):
        export(shop, tmp_path / "out", form=CUTOUTS)
    assert json.loads((tmp_path / "out" / "export.json").read_text())["format"] == "masks"


def test_one_export_at_a_time(shop: Shop, corrected: list[Task], tmp_path: Path) -> None:
    def again(done: int, total: int) -> None:
        export(shop, tmp_path / "out")

    with pytest.raises(ExportError, match="right now"):
        run_export(shop.sources, shop.project, MASKS, ExportFilter(), tmp_path / "out", again)


def test_label_studio_away_ends_the_export_and_nothing_is_lost(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    with shop.sources.store.session() as session:
        upload = upsert_task(
            session,
            shop.project.id,
            ls_task_id=900,
            data={},
            image_url="/data/upload/7/x.png",
            garment="x",
            view="",
        )
    shop.correct(upload, figure(1)[1])
    with pytest.raises(LabelStudioError):
        export(shop, tmp_path / "out", form=CUTOUTS)
    assert len(read_manifest(tmp_path / "out" / MANIFEST)) == 3
    assert export(shop, tmp_path / "masks").written == 4  # masks need no photos


def test_words_that_do_not_go_together(shop: Shop) -> None:
    with pytest.raises(ExportError, match="apply only to corrections"):
        build_filter(
            shop.sources.store, shop.project, masks=MaskChoice.PREDICTIONS, annotator="ann"
        )
    with pytest.raises(ExportError, match="applies only to predictions"):
        build_filter(shop.sources.store, shop.project, masks=MaskChoice.CORRECTIONS, version="3")
