"""`hemline statistics`, `hemline triage` and `hemline blank`."""

import json
from typing import Annotated, Any

import typer

from hemline.errors import HemlineError

Project = Annotated[int, typer.Argument(help="Label Studio's project id.")]


def statistics(
    project: Project,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Show how good pre-fills were: overall, by group and by version, with thresholds and drift.

    The corrected figures leave out only labels that a reviewer found wrong.
    """
    from hemline.reasons import Reason
    from hemline.store.reports.edit_effort import Edit
    from worker.commands.models import find_project
    from worker.commands.print_table import print_table
    from worker.review.project_statistics import project_statistics
    from worker.services import command_services

    services = command_services()
    found = project_statistics(services, find_project(services, project))
    if as_json:
        typer.echo(json.dumps(found))
        return
    groups = [("all", "", found["prefills"])]
    groups += [
        (group.replace("_", " "), name or "none", summary)
        for group, rows in found["groups"].items()
        for name, summary in rows.items()
    ]
    print_table(
        (
            "group",
            "",
            "pre-fills",
            "mean Dice",
            "95 %",
            "median",
            "95 %",
            "outliers",
            "found wrong",
            "mean without",
            "median without",
        ),
        [
            (
                group,
                name,
                s["n"],
                s["mean"],
                _interval(s["mean_interval"]),
                s["median"],
                _interval(s["median_interval"]),
                s["outliers"],
                s["left_out"],
                s["corrected_mean"],
                s["corrected_median"],
            )
            for group, name, s in groups
            if s["n"]
        ],
        title="Dice of the pre-fill with its correction",
        empty="No pre-fill has been corrected yet.",
    )
    print_table(
        ("pre-fill", "labels", "share", "clicks and boxes", "median seconds"),
        [
            (Edit(name).words, e["labels"], f"{e['share']:.0%}", e["clicks"], e["median_seconds"])
            for name, e in found["edits"].items()
        ],
        title="What people did with pre-fills",
        empty="No pre-fill has become a label yet.",
    )
    typer.echo(_time_saved(found["time_saved"]))
    for sentence in found["in_words"]:
        typer.echo(sentence)
    print_table(
        ("annotator", "wait", "corrected", "saved unchanged"),
        [(name, *counts.values()) for name, counts in found["sent_back"].items()],
        title="Labels sent back to their annotators",
        empty="No label has been sent back.",
    )
    print_table(
        ("annotators", "photos", "mean Dice", "outline within px"),
        [
            (f"{pair['one']} and {pair['other']}", pair["twins"], pair["dice"], pair["outline_px"])
            for pair in found["blind_twins"]["pairs"]
        ],
        title="Blind twins: photos that two people drew without seeing each other's mask",
        empty=f"Blind twins: none is compared, {found['blind_twins']['wait']} wait.",
    )
    print_table(
        ("reason", "outliers", "share"),
        [
            (Reason(name).words, row["count"], f"{row['share']:.0%}")
            for name, row in found["outliers"]["reasons"].items()
        ],
        title=(
            f"Why {found['outliers']['count']} pre-fills are outliers (a pre-fill may have "
            "several reasons)"
        ),
        empty="No pre-fill is an outlier.",
    )
    print_table(
        (
            "version",
            "label",
            "labels",
            "best threshold",
            "Dice there",
            "Dice at 0.5",
            "calibration error",
        ),
        [tuple(row.values()) for row in found["thresholds"]],
        title="Thresholds, from what was stored",
        empty="No label has been compared with a prediction yet.",
    )
    typer.echo(_drift(found["drift"]))
    typer.echo(_photo_drift(found["photos"]))


def triage(
    project: Project,
    above: Annotated[
        float | None,
        typer.Option(help="Auto-accept pre-fills with a predicted Dice of at least this."),
    ] = None,
    audit: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Share of them that still go to a person.")
    ] = 0.1,
    off: Annotated[
        bool,
        typer.Option(
            "--off", help="Stop auto-accepting; accepted pre-fills wait for a person again."
        ),
    ] = False,
) -> None:
    """Auto-accept confident pre-fills, or stop doing so. Without options, show the current state.

    A pre-fill is accepted if even the lower bound of its predicted Dice is above the
    threshold. The next ranking applies it, and adjusts the threshold to what people find in
    the audited share.
    """
    from hemline.store.review.triage import set_triage
    from worker.commands.models import find_project
    from worker.review.rank_job import request_ranking
    from worker.services import command_services

    if off and above is not None:
        raise HemlineError("--off and --above cannot be combined; give one")
    if above is not None and not 0.5 <= above < 1:
        raise HemlineError(f"--above {above:g} is out of range; give at least 0.5 and less than 1")
    services = command_services()
    row = find_project(services, project)
    if above is None and not off:
        typer.echo(_triage(row.accept_above, row.accept_threshold, row.audit_share))
        return
    with services.store.session() as session:
        set_triage(session, row.id, above, audit)
    request_ranking(services, row)
    typer.echo(_triage(above, above, audit))


def blank(
    project: Project,
    share: Annotated[
        float | None,
        typer.Option(help="Share of the tasks that open without their pre-fill, such as 0.05."),
    ] = None,
    where_dearer: Annotated[
        bool | None,
        typer.Option(
            "--where-dearer/--not-where-dearer",
            help="Also open tasks empty where correcting is predicted to take longer than drawing.",
            show_default=False,
        ),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Show every pre-fill again.")] = False,
) -> None:
    """Open some tasks without their pre-fill, to learn what pre-fills save. Without options, show
    the current state.

    The tasks are drawn by chance among those that nobody has seen pre-filled yet. `hemline
    statistics` and the dashboard's page Annotators compare the time that people need for them.
    With `--where-dearer`, tasks open empty too where the pre-fill is predicted to cost more time
    than it saves; one in five of these keeps it, to check the prediction.
    """
    from hemline.prefill.left_blank import MOST, set_blank_share, set_blank_where_dearer
    from hemline.store.effort.in_words import blank_in_words
    from hemline.store.effort.left_blank import left_blank
    from worker.commands.models import find_project
    from worker.review.rank_job import request_ranking
    from worker.services import command_services

    if off and (share is not None or where_dearer is not None):
        other = "--share" if share is not None else "--where-dearer"
        raise HemlineError(f"--off and {other} cannot be combined; give one")
    if share is not None and not 0 < share <= MOST:
        raise HemlineError(
            f"--share {share:g} is out of range; give more than 0 and at most {MOST:g}, "
            "or --off for none"
        )
    services = command_services()
    row = find_project(services, project)
    if where_dearer and not (share or row.blank_share):
        raise HemlineError(
            "--where-dearer needs tasks that chance leaves blank, which tell what drawing costs; "
            "give --share 0.05 as well"
        )
    with services.store.session() as session:
        if share is not None or off:
            set_blank_share(session, row, share or 0.0)
        if where_dearer is not None:
            set_blank_where_dearer(session, row, where_dearer)
    if where_dearer:
        request_ranking(services, row)
    row = find_project(services, project)
    with services.store.reading() as session:
        typer.echo(blank_in_words(row, left_blank(session, row.id)))


def _time_saved(found: dict[str, Any]) -> str:
    total = found["total"]
    if total is None:
        return (
            "Time saved by pre-fills: not known. At least 10 masks drawn from nothing are needed, "
            f"and there are {found['blank']}; `hemline blank PROJECT --share 0.05` has some drawn."
        )
    low, high = (value / 60 for value in total["interval"])
    return (
        f"Time saved by pre-fills: {total['seconds'] / 60:.0f} min ({low:.0f} to {high:.0f}) on "
        f"{total['masks']} masks, {total['each']:.0f} s each, compared with {found['blank']} drawn "
        "from nothing."
    )


def _triage(above: float | None, threshold: float | None, audit: float) -> str:
    if above is None or threshold is None:
        return "Auto-accept is off: every photo waits for a person."
    moved = "" if threshold == above else f", moved to {threshold:g} by the audit"
    return (
        f"Pre-fills are accepted if their predicted Dice is at least {above:g}{moved}; "
        f"{audit:.0%} of them still go to a person."
    )


def _drift(found: dict[str, Any] | None) -> str:
    if found is None:
        return "Drift: two champions and labelled audit tasks are needed."
    interval = found["interval"]
    spread = f" ({interval[0]:+.4f} to {interval[1]:+.4f})" if interval else ""
    return (
        f"Drift: {found['to']} has {found['mean']:+.4f}{spread} mean Dice, compared with "
        f"{found['from']}, on {found['tasks']} audit tasks; it lost most on task "
        f"{found['worst_task']}."
    )


def _photo_drift(found: dict[str, Any] | None) -> str:
    if found is None:
        return (
            "New photos: 20 that came since the champion, and 20 of the audit set before it, are "
            "needed to compare them."
        )
    kind = "another kind than" if found["stability"] > 0.25 else "the same kind as"
    return (
        f"New photos: the {found['since']} since {found['version']} are of {kind} the "
        f"{found['before']} of the audit set before it, by a population stability index of "
        f"{found['stability']:.3f} (0: the same; over 0.25: another kind)."
    )


def _interval(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""
