"""A table for the terminal. Cells are text, never markup: names of instruments are not ours.

A number is never cut off nor broken over two lines: without its last digits it looks like another
number. Where a table is wider than the terminal, columns of prose wrap by words, then columns that
explain are left out, and only then do lines run over the edge.
"""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from hedgerow.reporting.figures import UNKNOWN, is_loss

__all__ = ["Column", "grid", "styled", "wrapped"]

# Whether it holds numbers is told, as dashes, dates and *unknown* stand among them: name, unit (or
# nothing), is it numbers.
Column = tuple[str, str, bool]

_GAP, _GAP_TIGHT = 2, 1  # blanks between columns
_NARROW = 110  # below this, what only explains goes first
_PROSE_MIN = 10
# Columns whose cells may wrap, and those that may go: first where a terminal is narrow, then where
# nothing else helps.
_PROSE = frozenset(
    ("Why", "Remark", "How", "Message", "What", "Trust", "Rule", "Reason", "Worst use",
     "Nearest distance", "Fall to liq.", "Rise to liq.", "First", "Last", "Metric",
     "Worst", "Hard", "Limit on",
     "left alone", "with hedgerow", "proposing, nothing sent", "observing, nothing sent"),
)  # fmt: skip
_SPARE_NARROW = ("Remark", "Confidence", "Venue")
_SPARE_LAST = (*_SPARE_NARROW, "Cost", "Lost to it", "Target")

_STYLES = {
    "hard": "bold red",
    "rejected": "red",
    "liquidated": "bold red",
    "soft": "yellow",
    "expired": "bold yellow",
    "watch": "cyan",
    "estimate": "yellow",
    UNKNOWN: "bold yellow",
    "acknowledged": "yellow",
}
# A number and its unit are one word; a path may break after each of its steps.
_WORD = re.compile(r"(\s*)((?:[^\s/]+/?|/)(?:(?<=\d) (?:%|s|h|min|d|bps)(?![^\W_])[^\s/]*)?)")


def styled(text: str) -> Text:
    """Colour a cell by what it says: losses red, unknown yellow. Words carry it without colour."""
    style = _STYLES.get(text, "")
    if not style and is_loss(text):
        style = "red"
    return Text(text, style=style)


def wrapped(text: str, width_count: int) -> str:
    """Break a text into lines of whole words; a word wider than that stays whole.

    >>> wrapped("aave-loop 103.2 %, liquidated", 12).splitlines()
    ['aave-loop', '103.2 %,', 'liquidated']
    >>> wrapped("desk/aave/aave-loop is 4320 s old", 12).splitlines()
    ['desk/aave/', 'aave-loop is', '4320 s old']
    """
    if cell_len(text) <= width_count:
        return text
    lines: list[str] = []
    for blank, word in _WORD.findall(text):
        joined = (" " if blank else "") + word
        if lines and cell_len(lines[-1]) + cell_len(joined) <= width_count:
            lines[-1] += joined
        else:
            lines.append(word)
    return "\n".join(lines)


def _longest_word(text: str) -> int:
    return max((cell_len(word) for _, word in _WORD.findall(text)), default=0)


class _Column:
    """One column: how wide it would like to be, and how narrow it may become."""

    def __init__(self, head: Column, cells: Sequence[str]) -> None:
        self.name, self.unit, self.is_number = head
        self.cells = cells
        self.is_prose = self.name in _PROSE
        heads = max(_longest_word(self.name), _longest_word(self.unit))
        widest = max(map(cell_len, cells), default=0)
        self.width_max = max(cell_len(self.name), cell_len(self.unit), widest)
        if self.is_prose:
            longest = max(map(_longest_word, cells), default=0)
            widest = max(longest, _PROSE_MIN) if widest > 2 * _PROSE_MIN else longest
        self.width_min = max(heads, widest)


class _Grid:
    """Columns that know what to give up when there is little room."""

    def __init__(self, head: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        texts = [list(row) for row in rows]
        columns = [_Column(column, [row[n] for row in texts]) for n, column in enumerate(head)]
        # A remark that nobody makes is no column.
        self._columns = [c for c in columns if not c.is_prose or not texts or any(c.cells)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the table out for the room there is."""
        columns, widths, gap = self._fitted(options.max_width)
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, gap, 0, 0))
        for column, width in zip(columns, widths, strict=True):
            name = wrapped(column.name, width)
            table.add_column(
                Text(f"{name}\n{wrapped(column.unit, width)}" if column.unit else name),
                justify="right" if column.is_number else "left",
                vertical="top",
                width=width,
                no_wrap=True,
                overflow="crop",  # nothing is: every column has room for its longest word
            )
        for cells in zip(*(column.cells for column in columns), strict=True):
            table.add_row(
                *(self._cell(c, t, w) for c, t, w in zip(columns, cells, widths, strict=True))
            )
        yield from console.render(table, options.update(width=max(_total(widths, gap), 1)))

    @staticmethod
    def _cell(column: _Column, text: str, width: int) -> Text:
        shown = styled(text)
        if column.is_prose:
            shown.plain = wrapped(text, width)
        return shown

    def _fitted(self, room: int) -> tuple[list[_Column], list[int], int]:
        columns, gap = self._columns, _GAP
        if room < _NARROW and _total([c.width_max for c in columns], gap) > room:
            columns = [c for c in columns if c.name not in _SPARE_NARROW]
        for name in _SPARE_LAST:
            if _total([c.width_min for c in columns], gap) <= room:
                break
            if _total([c.width_min for c in columns], _GAP_TIGHT) <= room:
                gap = _GAP_TIGHT
                break
            columns = [c for c in columns if c.name != name]
        widths = [c.width_max for c in columns]
        # Heads of numbers wrap first, which costs nothing; then the widest prose, a little each.
        while (excess := _total(widths, gap) - room) > 0:
            able = [n for n, c in enumerate(columns) if widths[n] > c.width_min]
            if not able:
                break
            n = max(able, key=lambda n: (not columns[n].is_prose, widths[n]))
            spare = min(excess, widths[n] - columns[n].width_min)
            widths[n] -= spare if not columns[n].is_prose else max(1, spare // 4)
        return columns, widths, gap


def _total(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def grid(title: str, head: Sequence[Column], rows: Iterable[Sequence[str]]) -> Group:
    """Set up a table with the unit under each column's name."""
    # Above the table, not in it: a title inside is folded to the width of the columns.
    return Group(Text(title, style="bold"), _Grid(head, rows))
