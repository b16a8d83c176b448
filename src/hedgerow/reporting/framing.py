"""What stands around the tables of an answer: a heading above, what is missing below."""

from collections.abc import Callable, Iterable, Mapping

from rich.console import RenderableType
from rich.text import Text

from hedgerow.errors import Failure
from hedgerow.reporting.grid import Column, grid
from hedgerow.reporting.remedies import with_remedy

__all__ = ["headed", "note", "troubles", "unknown_accounts", "without"]


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


def troubles(
    title: str, failures: Iterable[Failure], remedied: Callable[[Failure], str] = with_remedy
) -> list[RenderableType]:
    """List what is missing, why, and what to do; nothing where nothing is."""
    rows = [(each.subject, each.reason.replace("_", " "), remedied(each)) for each in failures]
    head: tuple[Column, ...] = (("What", "", False), ("Reason", "", False), ("Message", "", False))
    return [Text(), grid(title, head, rows)] if rows else []


def unknown_accounts(failures: Mapping[str, Iterable[Failure]]) -> list[RenderableType]:
    """List which accounts nobody can judge, why, and what to write; nothing where all are judged.

    Parameters
    ----------
    failures
        By account node.
    """
    rows = [
        (node.removeprefix("desk/"), each.subject, each.reason.replace("_", " "), with_remedy(each))
        for node, found in failures.items()
        for each in found
    ]
    head: tuple[Column, ...] = (
        ("Account", "", False), ("What", "", False), ("Reason", "", False), ("Message", "", False),
    )  # fmt: skip
    return [Text(), grid("Requirement unknown, hence in breach", head, rows)] if rows else []
