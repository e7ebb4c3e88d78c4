"""`hemline rank`: which labels are most likely wrong, and why."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hemline import terminal
from hemline.errors import DatasetError, HemlineError
from hemline.segmentation.commands.options import MasksShow, Model

if TYPE_CHECKING:
    from worker.folders.rank import RankedPair

app = typer.Typer()
_NAMED = 20  # files that are passed over
_SHOWN = 100  # items of a project's order


@app.command("rank")
def rank_command(
    project: Annotated[
        int | None, typer.Argument(help="Label Studio's project id, instead of folders.")
    ] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of photos.")] = None,
    masks: Annotated[
        Path | None, typer.Option(help="Folder of their masks, named like the photos.")
    ] = None,
    garment_is: MasksShow = None,
    model: Model = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    kind: Annotated[
        str | None,
        typer.Option(help="For a project: label (is it wrong?) or photo (is it worth labelling?)."),
    ] = None,
    items: Annotated[
        int | None, typer.Option(min=1, help="For a project: a varied batch of this many.")
    ] = None,
    batch_minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="For a project: a varied batch that takes this many minutes."),
    ] = None,
) -> None:
    """Order labels by how likely each is to be wrong, most likely first, with reasons.

    For folders, each photo is examined now; what cannot be judged comes last, with the
    reason. For a project, the stored order is shown; unlabelled photos are ordered by how
    much a label would help.
    """
    if project is not None:
        if images is not None or masks is not None:
            raise DatasetError("a project has its photos in Label Studio; leave the folders out")
        if model is not None:
            raise DatasetError("a project is ranked by what is stored of it; leave --model out")
        if garment_is is not None:
            raise DatasetError("a project's masks are in Label Studio; leave --garment-is out")
        _rank_project(project, kind or "label", items, batch_minutes, as_json)
        return
    from hemline.datasets.file_names import PHOTO_SUFFIXES
    from hemline.segmentation.commands.model_choice import find_model
    from hemline.segmentation.predictor import Predictor
    from worker.folders.pairs import find_pairs, passed_over
    from worker.folders.rank import rank_folder

    if images is None or masks is None:
        raise DatasetError("nothing to rank; give a project, or --images and --masks FOLDER")
    _refuse_for_folders({"--kind": kind, "--items": items, "--batch-minutes": batch_minutes})
    pairs = find_pairs(images, masks)
    if others := passed_over(images, masks):
        what = "1 entry" if len(others) == 1 else f"{len(others)} entries"
        names = ", ".join(f"'{path.name}'" for path in others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        terminal.err().print(
            f"skipped {what} that are not photos or masks: {names}{more}; files end in "
            f"{', '.join(sorted(PHOTO_SUFFIXES))}, and subfolders are not searched"
        )
    predictor = Predictor(find_model(model), device=device)
    bar = partial(terminal.tracked, words="looking")
    ranked = rank_folder(pairs, predictor, garment_is=garment_is, track=bar)
    if as_json:
        for item in ranked:
            print(json.dumps(item.as_json()))
    else:
        _print_table(ranked)
    if all(item.risk is None for item in ranked):
        raise DatasetError(
            f"none of the {len(ranked)} photos in '{images}' could be judged; the order says why"
        )


@app.command("fit-prior")
def fit_prior_command(
    data: Annotated[
        list[str],
        typer.Option("--data", help="KIND:PATH of labelled photos; repeat for each source."),
    ],
    out: Annotated[Path, typer.Option(help="File to write the risk model to.")],
    drawn: Annotated[int, typer.Option(min=0, help="Number of drawn garments to add.")] = 60,
    garment_is: MasksShow = None,
    model: Model = None,
    keep: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps signals, so that a stopped run can continue."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Retrain the risk model that `hemline rank` uses before it has seen any of your labels.

    Only the validation and test parts of the data are used, which the starter was not trained
    on. Faults are planted in copies of their labels.
    """
    from active_learning.risk.learn import Example, learn
    from active_learning.risk.risk_file import dump_risk_model
    from active_learning.signals.label_signals import SIGNALS_VERSION
    from hemline.datasets.sources import join, open_all
    from hemline.datasets.splits import split_by_garment
    from hemline.files import write_atomically
    from hemline.segmentation.commands.model_choice import find_model
    from hemline.segmentation.predictor import Predictor
    from worker.folders.prior import examples_of, scenes

    parts = split_by_garment(join(open_all(data, None, garment_is)).samples, (0.1, 0.15))
    groups = [[*parts[0], *parts[1]], scenes(drawn)]
    predictor = Predictor(find_model(model), device=device)
    folder = None if keep is None else keep / f"signals-{SIGNALS_VERSION}"
    examples: list[Example] = []
    for group in groups:
        for k, sample in enumerate(terminal.tracked(group, "looking")):
            kept = None if folder is None else folder / sample.source / f"{sample.id}.npz"
            try:
                other = group[(k + 7) % len(group)]
                examples += examples_of(sample, other, predictor, keep=kept)
            except HemlineError as error:
                terminal.err().print(str(error), style="red")
    garments = len({example.garment for example in examples})
    if garments < 10:
        raise DatasetError(f"{garments} garments are too few to learn from; give 10 or more")
    write_atomically(out, dump_risk_model(learn(examples)))
    terminal.out().print(f"learnt from {len(examples)} labels of {garments} garments; wrote {out}")


def _refuse_for_folders(options: dict[str, object]) -> None:
    if given := [name for name, value in options.items() if value is not None]:
        what = "applies to a project's order; leave it out"
        if len(given) > 1:
            what = "apply to a project's order; leave them out"
        raise DatasetError(f"{' and '.join(given)} {what} for folders")


def _rank_project(
    project: int, kind: str, items: int | None, minutes: float | None, as_json: bool
) -> None:
    from hemline.settings import get_settings
    from hemline.store.database.engine import open_store
    from hemline.store.review.review_words import check_sentences, priority_words, reason_sentences
    from hemline.store.states import ReviewKind
    from worker.review.batch import project_batch, project_order

    if kind not in list(ReviewKind):
        raise DatasetError(f"unknown order '{kind}'; choose label or photo")
    store, order = open_store(get_settings().database), ReviewKind(kind)
    if items is None and minutes is None:
        found = project_order(store, project, order, _SHOWN)
    else:
        found = project_batch(store, project, order, items=items, minutes=minutes)
    if as_json:
        for chosen in found:
            print(json.dumps(chosen.as_json()))
        return
    from rich.table import Table

    table = Table(
        "task", "garment", "risk" if kind == ReviewKind.LABEL else "usefulness", "reasons"
    )
    for chosen in found:
        task, item = chosen.item.task, chosen.item
        said = [
            *reason_sentences(item.reasons),
            *check_sentences(item.checks),
            *(["drawn at random"] if chosen.random else []),
        ]
        table.add_row(
            str(task.ls_task_id), task.garment, priority_words(item.priority), "\n".join(said)
        )
    empty = "Nothing is in this order yet; the worker ranks new labels."
    terminal.out().print(table if found else empty, soft_wrap=False)


def _print_table(ranked: "list[RankedPair]") -> None:
    from rich.table import Table
    from rich.text import Text

    from hemline.store.review.review_words import check_sentences, evidence_words, priority_words

    table = Table("image", "risk", "reasons")
    for item in ranked:
        checks = {found.check.value: found.as_json() for found in item.checks}
        said = "\n".join(
            [
                *(
                    f"{found.reason.words}: {evidence_words(found.reason, found.as_json())}"
                    for found in item.evidence
                ),
                *check_sentences(checks),
            ]
        )
        risk = "" if item.risk is None else priority_words(item.risk)
        table.add_row(Text(item.id), risk, Text(said or item.problem))  # names may have [brackets]
    terminal.out().print(table, soft_wrap=False)
