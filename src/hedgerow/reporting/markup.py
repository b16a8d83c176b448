"""Tables and lists as HTML. Everything that comes in is text and is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from hedgerow.reporting.figures import is_loss

__all__ = ["Cell", "badge", "cell", "definitions", "items", "number", "table"]


class Cell(NamedTuple):
    """One cell: escaped markup, and its class."""

    markup: str
    style: str = ""


def cell(text: str, style: str = "") -> Cell:
    """Make a cell of untrusted text."""
    return Cell(escape(text), style)


def number(text: str) -> Cell:
    """Make a cell of a number, set flush right; what is unknown or a loss is told by its class."""
    if text.startswith("unknown"):
        return Cell(escape(text), "num unknown-text")
    return Cell(escape(text), "num loss" if is_loss(text) else "num")


def badge(text: str, style: str) -> str:
    """A short word in a box."""
    return f'<span class="badge {escape(style)}">{escape(text)}</span>'


def table(
    head: Sequence[tuple[str, str]],
    rows: Iterable[tuple[str, Sequence[Cell]]],
    *,
    caption: str,
    style: str = "",
) -> str:
    """A table that scrolls inside its own box on a narrow screen.

    Parameters
    ----------
    head
        Each column's name and unit (empty where it has none).
    rows
        Each row's anchor (empty for none) and cells; the first cell heads the row.
    caption
        What the table is, for those who cannot see where it stands.
    style
        Classes of the box: ``long`` gives it a height and a scroll bar.
    """
    rows = list(rows)
    # A column of numbers is headed where its numbers end.
    styles = [c.style.partition(" ")[0] for c in rows[0][1]] if rows else [""] * len(head)
    columns = "".join(
        f'<th scope="col" class="{style}">{escape(name)}'
        + (f" <small>{escape(unit)}</small>" if unit else "")
        + "</th>"
        for (name, unit), style in zip(head, styles, strict=True)
    )
    body = []
    for anchor, cells in rows:
        first, *rest = cells
        own = f' id="{escape(anchor)}"' if anchor else ""
        body.append(
            f'<tr{own}><th scope="row" class="{first.style}">{first.markup}</th>'
            + "".join(f'<td class="{c.style}">{c.markup}</td>' for c in rest)
            + "</tr>"
        )
    return (
        f'<div class="scroll {style}" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table><caption class="quiet">{escape(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{''.join(body)}</tbody></table></div>\n"
    )


def items(texts: Iterable[str], *, none: str) -> str:
    """A list, or a sentence where there is nothing to list."""
    rows = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{rows}</ul>\n" if rows else f"<p>{escape(none)}</p>\n"


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Terms and what they mean."""
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in pairs)
    return f"<dl>{rows}</dl>\n"
