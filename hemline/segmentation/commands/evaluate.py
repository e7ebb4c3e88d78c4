"""`hemline evaluate`: a model on photos with masks, as a table, one JSON object, and files."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hemline import terminal
from hemline.errors import DatasetError
from hemline.segmentation.commands.options import Device, MasksShow, Model

if TYPE_CHECKING:
    from rich.table import Table


def evaluate_command(
    data: Annotated[
        list[str], typer.Option("--data", help="KIND:PATH; repeat for each source, as in training.")
    ],
    model: Model = None,
    part: Annotated[str, typer.Option(help="Part of the split: all, validation or test.")] = "all",
    validation: Annotated[
        float | None, typer.Option(min=0, max=1, help="Default: the model's recipe's.")
    ] = None,
    test: Annotated[
        float | None, typer.Option(min=0, max=1, help="Default: the model's recipe's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the split. Default: the model's recipe's.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for overlays, a CSV row for each photo, and a table of the outliers."
        ),
    ] = None,
    garment_is: MasksShow = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on photos with masks, at the photos' own size."""
    from hemline.datasets.splits import part_of_split
    from hemline.segmentation.commands.model_choice import find_model
    from hemline.segmentation.evaluation.data import evaluation_data
    from hemline.segmentation.evaluation.evaluate import MeasuredPhoto, evaluate
    from hemline.segmentation.evaluation.files import EvaluationFiles
    from hemline.segmentation.evaluation.summary import evaluation_summary
    from hemline.segmentation.predictor import Predictor

    predictor = Predictor(find_model(model), device=device)
    dataset = evaluation_data(data, predictor.card, garment_is)
    split = predictor.card.recipe.split
    shares = (
        split.validation if validation is None else validation,
        split.test if test is None else test,
    )
    if part == "validation" and predictor.card.recipe.bagging:
        raise DatasetError(
            "the model is a bag: each photo of the validation part was trained on by some of its "
            "networks; give --part test"
        )
    samples = part_of_split(
        dataset.samples, part, shares, seed=split.seed if seed is None else seed
    )
    if not samples:
        raise DatasetError(
            f"there are no photos in part '{part}' of {', '.join(data)}; try --part all"
        )
    files = EvaluationFiles(out) if out else None
    with terminal.bar("measuring", len(samples)) as tell:
        measured_so_far = count(1)

        def on_item(measured: MeasuredPhoto | None) -> None:
            if files and measured:
                files.add(measured)
            tell(next(measured_so_far), len(samples))

        result = evaluate(predictor, samples, on_item)
    if part == "all":
        result.skipped.extend((skipped.id, skipped.problem) for skipped in dataset.skipped)
    if not result.items:
        name, problem = result.skipped[0]
        raise DatasetError(f"none of {len(samples)} photos could be measured; {name}: {problem}")
    summary = evaluation_summary(result, predictor.labels)
    summary["threshold"] = predictor.card.threshold
    if files:
        files.finish()
    if as_json:
        print(json.dumps(summary, allow_nan=False))
        return
    _print(summary)
    if out:
        terminal.out().print(f"overlays, photos.csv and outliers.csv are in {out}")


def _print(summary: dict[str, Any]) -> None:
    from rich.table import Table

    from hemline.segmentation.evaluation.summary import MEASURES

    typer.echo(f"{summary['n']} photos, threshold {summary['threshold']:.2f}")
    figures = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("measure", "mean", "95 %", "median", "95 %", "corrected", "left out"):
        figures.add_column(column, justify="left" if column == "measure" else "right")
    for measure in MEASURES:
        value = summary[measure]
        figures.add_row(
            measure,
            _number(value["mean"]),
            _interval(value["mean_interval"]),
            _number(value["median"]),
            _interval(value["median_interval"]),
            _number(value["corrected_mean"]),
            str(len(value["left_out"])),
        )
    terminal.out().print(figures, soft_wrap=False)
    typer.echo(
        "95 %: where the figure would lie with other photos of the same kind; corrected: the mean "
        "without the outliers; hd95 and assd are in px, lower is better"
    )
    pooled = summary["pooled"]
    typer.echo(
        f"all pixels: IoU {_number(pooled['iou'])}, macro IoU {_number(pooled['macro_iou'])}, "
        f"mean IoU with background {_number(pooled['mean_iou'])}, "
        f"macro F1 {_number(pooled['macro_f1'])}"
    )
    terminal.out().print(_class_table(summary["classes"]), soft_wrap=False)
    for warning in summary["warnings"]:
        typer.secho(f"warning: {warning}", fg="yellow", err=True)
    for item in summary["skipped"]:
        terminal.err().print(f"skipped {item['id']}: {item['problem']}", style="yellow")


def _class_table(rows: Sequence[dict[str, Any]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    names = ("iou", "f1", "precision", "recall")
    for column in ("label", *names, "share", "photos"):
        table.add_column(column, justify="left" if column == "label" else "right")
    for row in rows:
        shares = f"{row['truth_share']:.2%}"
        table.add_row(
            Text(row["label"]), *(_number(row[name]) for name in names), shares, str(row["photos"])
        )
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if value > 1 else f"{value:.4f}"


def _interval(value: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    return "–".join(f"{end:.3f}" if end <= 1 else f"{end:.1f}" for end in value)
