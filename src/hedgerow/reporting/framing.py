"""What stands around the tables of an answer: a heading above, what is missing below."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.reporting.grid import Column, grid

__all__ = ["headed", "note", "troubles", "without"]


def headed(heading: str | None) -> list[RenderableType]:
    """What a whole answer is about, above it: which positions, in which market."""
    return [Text(heading, style="italic"), Text()] if heading else []


def note(text: str) -> Text:
    """A remark below a table."""
    return Text(text, style="dim")


def without(missing: Iterable[Failure]) -> str:
    """Name what a number leaves out, in a column of trust."""
    names = dict.fromkeys(failure.subject for failure in missing)
    return f"without {', '.join(names)}" if names else ""


def troubles(title: str, failures: Iterable[Failure]) -> list[RenderableType]:
    """List what is missing and why; nothing where nothing is."""
    rows = [(each.subject, each.reason.replace("_", " "), each.message) for each in failures]
    head: tuple[Column, ...] = (("What", "", False), ("Reason", "", False), ("Message", "", False))
    return [Text(), grid(title, head, rows)] if rows else []
