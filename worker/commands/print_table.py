"""Tables on the terminal, or tab-separated lines where the output is piped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str, title: str | None = None
) -> None:
    """Prints the rows under their columns, or the sentence `empty` if there are none."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not rows:
        console.print(empty, highlight=False)
        return
    cells = [[_text(value) for value in row] for row in rows]
    if not console.is_terminal:
        for line in [columns, *cells]:
            print("\t".join(line))
        return
    table = Table(*columns, title=title, title_justify="left")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)
