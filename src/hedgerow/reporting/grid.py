"""A table for the terminal. Cells are text, never markup: names of instruments are not ours."""

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hedgerow.reporting.figures import UNKNOWN

__all__ = ["Column", "grid", "styled"]

# Name, unit (or nothing), and whether the column holds numbers.
Column = tuple[str, str, bool]

_STYLES = {
    "hard": "bold red",
    "rejected": "red",
    "liquidated": "bold red",
    "soft": "yellow",
    "watch": "cyan",
    "estimate": "yellow",
    UNKNOWN: "bold yellow",
    "acknowledged": "yellow",
}


def styled(text: str) -> Text:
    """Colour a cell by what it says: losses red, unknown yellow. Words carry it without colour."""
    style = _STYLES.get(text, "")
    if not style and (text.startswith("-") or text.endswith(("liquidatable", "no equity left"))):
        style = "red"
    return Text(text, style=style)


def grid(title: str, head: Sequence[Column], rows: Iterable[Sequence[str]]) -> Group:
    """Set up a table with the unit under each column's name."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for n, (name, unit, is_number) in enumerate(head):
        table.add_column(
            Text(f"{name}\n{unit}" if unit else name),
            justify="right" if is_number else "left",
            vertical="top",
            overflow="fold",
            # Nothing is ever cut off: a number without its last digits looks like another number.
            no_wrap=n == 0 and not is_number,
        )
    for row in rows:
        table.add_row(*map(styled, row))
    # Above the table, not in it: a title inside is folded to the width of the columns.
    return Group(Text(title, style="bold"), table)
