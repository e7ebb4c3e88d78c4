"""`hemline verify`: is everything there that was stored?"""

from typing import Annotated

import typer


def verify(
    repair: Annotated[
        bool, typer.Option("--repair", help="Make again what can be made again.")
    ] = False,
) -> None:
    """Read every stored mask, map, model and manifest; name what is damaged or missing.

    With --repair pre-fills are predicted again, corrections fetched from Label Studio, and rankings
    learnt again. Exits with 1 if something is left damaged.
    """
    from worker.commands.print_table import print_table
    from worker.services import command_services
    from worker.verify import Repair, find_damage, in_order_of_repair

    services = command_services()
    found = in_order_of_repair(find_damage(services))
    repairs = Repair(services)
    left, rows = 0, []
    for damage in found:
        outcome = repairs.repair(damage) if repair else _WAY_OUT
        left += outcome is not None
        rows.append(
            (
                damage.use.kind if damage.use else "file that nothing needs",
                damage.use.where if damage.use else "",
                damage.digest[:12],
                "missing" if damage.problem == "missing" else "damaged",
                outcome or "repaired",
            )
        )
    repairs.remove_replaced()
    print_table(
        ("what", "of", "artifact", "is", "now"), rows, empty="All artifacts are there and whole."
    )
    if left:
        raise typer.Exit(1)


_WAY_OUT = "run `hemline verify --repair`"
