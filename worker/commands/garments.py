"""`hemline garments`: how a project's photos are grouped by garment, and grouping them again."""

from typing import TYPE_CHECKING, Annotated

import typer

from hemline.errors import GarmentRuleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemline.store.loop.regroup import Regrouping

_SHOWN = 5


def garments(
    project: Annotated[int, typer.Argument(help="Label Studio's project id.")],
    pattern: Annotated[
        str,
        typer.Option(
            help="Regular expression with a group named garment, and one named view if you like, "
            r"such as '(?P<garment>\d+)_(?P<view>\w+)'. It is searched in a photo's path."
        ),
    ] = "",
    field: Annotated[
        str, typer.Option(help="Field of the tasks' data that names the garment, such as sku.")
    ] = "",
    auto: Annotated[
        bool, typer.Option("--auto", help="Work the rule out from the photos' addresses.")
    ] = False,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Make the change. Without it, only show what would change."),
    ] = False,
) -> None:
    """Show how photos are grouped by garment, or group them by another rule.

    First shows which garments merge or split, which photos change their split, and what that
    means for the champion's evaluation. Annotations stay as they are.
    """
    from hemline.store.loop.garments import chosen_rule
    from hemline.store.loop.regroup import lock_for_regrouping, plan_regrouping, regroup
    from worker.commands.models import find_project
    from worker.services import command_services

    if sum((bool(pattern), bool(field), auto)) > 1:
        raise GarmentRuleError("--pattern, --field and --auto cannot be combined; give one")
    services = command_services()
    row = find_project(services, project)
    with services.store.session() as session:
        if apply:
            lock_for_regrouping(session, row.id)
        rule = chosen_rule(session, row.id, pattern=pattern, field=field, auto=auto)
        plan = plan_regrouping(
            session,
            services.artifacts,
            row.id,
            rule,
            gold_share=services.settings.gold_share,
            validation_share=services.settings.validation_share,
            gold_minimum=services.settings.gold_minimum,
        )
        for line in _report(plan):
            typer.echo(line)
        if apply:
            regroup(session, row.id, plan)
            typer.echo("Done. No annotation has changed.")
        elif plan.changes or pattern or field or auto:
            typer.echo("Nothing has changed yet. Add --apply to make the change.")


def _report(plan: "Regrouping") -> "Iterator[str]":
    names = {task.garment for task in plan.tasks}
    yield f"{len(names):,} garments of {len(plan.tasks):,} photos, {plan.rule}"
    yield from _unnamed(plan)
    for task in plan.tasks[:_SHOWN]:
        view = f", view {task.view}" if task.view else ""
        yield f"  task {task.ls_task_id}: {task.garment}{view}"
    yield from _listed("merge", plan.merged, "{0} is made of {1}")
    yield from _listed("fall apart", plan.parted, "{0} falls into {1}")
    if plan.moves:
        yield f"{len(plan.moves):,} photos change their split:"
        kinds = sorted({(old.value, new.value) for old, new in plan.moves.values()})
        for old, new in kinds:
            number = sum((a.value, b.value) == (old, new) for a, b in plan.moves.values())
            yield f"  {number:,} from {old} to {new}"
    if plan.changes:
        yield f"Gold garments: {plan.gold_before:,} before, {plan.gold_after:,} after"
        yield from _on_champion(plan)


def _unnamed(plan: "Regrouping") -> "Iterator[str]":
    rule = plan.rule
    asked = "field" if rule.field else "pattern" if rule.pattern else ""
    missed = sum(task.by != asked for task in plan.tasks) if asked else 0
    if missed:
        what = f"have no field '{rule.field}'" if rule.field else "do not match the pattern"
        yield f"{missed:,} photos {what}; their addresses name their garments"


def _listed(verb: str, changed: dict[str, list[str]], words: str) -> "Iterator[str]":
    if not changed:
        return
    yield f"{len(changed):,} garments {verb}:"
    for name, others in list(changed.items())[:_SHOWN]:
        more = f" and {len(others) - _SHOWN:,} more" if len(others) > _SHOWN else ""
        yield "  " + words.format(name, ", ".join(others[:_SHOWN]) + more)
    if len(changed) > _SHOWN:
        yield f"  and {len(changed) - _SHOWN:,} more"


def _on_champion(plan: "Regrouping") -> "Iterator[str]":
    judged, left, seen = plan.judged
    if not judged:
        if plan.champion:
            yield f"{plan.champion} has not been judged on this project's photos"
        return
    yield (
        f"{plan.champion} was judged on {judged:,} photos; {left:,} of them leave gold, {seen:,} "
        "because their garment was in a training"
    )
    if seen:
        yield "  so its figures are better than it is; the next training is judged on clean gold"
