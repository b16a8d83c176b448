"""What the commands that look at a desk share: reading it, printing the answer, exit status."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hedgerow.app.desk import Desk
    from hedgerow.app.feed import Market
    from hedgerow.limits import Survey

__all__ = ["heading_of", "looked_at", "opened", "show", "status_of", "surveyed"]


def show(payload: Any, readable: Any, *, as_json: bool) -> None:
    """Print an answer: one line of JSON, or what a person reads."""
    if as_json:
        sys.stdout.write(json.dumps(payload, sort_keys=True) + "\n")
        return
    from hedgerow.app.screen import wide_console

    wide_console().print(readable, highlight=False, crop=False)


def opened(
    path: Path | None, data: Path | None, at: str | None, seed: int | None
) -> "tuple[Desk, Market, int]":
    """Read a desk and open its market; say at what time to look.

    Raises
    ------
    DeskRejected
        If the time is none.
    """
    from hedgerow.app.feed import open_market
    from hedgerow.errors import DeskRejected
    from hedgerow.units import format_ns, parse_ns

    desk, market = open_market(path, data, seed)
    try:
        at_ns = desk.start_ns if at is None else parse_ns(at)
        format_ns(at_ns)  # a time that cannot be written cannot be meant
    except (ValueError, OverflowError) as bad:
        raise DeskRejected(f"--at {at}: write a time such as 2026-02-05T12:00:00Z") from bad
    return desk, market, at_ns


def looked_at(desk: "Desk", market: "Market", at_ns: int) -> "Survey":
    """Look at a desk in its market."""
    from hedgerow.app.look import look

    return look(desk, market.events(), at_ns)


def surveyed(path: Path | None, data: Path | None, at: str | None, seed: int | None) -> "Survey":
    """Read a desk and look at it."""
    return looked_at(*opened(path, data, at, seed))


def heading_of(state: "Survey") -> str:
    """Say whose positions these are: none of these commands knows what a run did to them."""
    from hedgerow.units import format_ns

    return (
        f"The opening positions of the desk, in the market of {format_ns(state.snapshot.time_ns)}"
    )


def status_of(state: "Survey", *, as_json: bool) -> int:
    """Give the exit status of a look: 1, and on stderr the reason, where there is a breach."""
    from hedgerow.app.observe import frame
    from hedgerow.app.verdict import status, troubles

    return status(troubles(frame(state)), is_quiet=as_json)
