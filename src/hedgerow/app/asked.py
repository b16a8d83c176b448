"""What the commands that look at a desk share: reading it, printing the answer, exit status."""

import json
import sys
from typing import Any

from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market, open_market
from hedgerow.app.look import look
from hedgerow.app.observe import frame
from hedgerow.app.options import Source
from hedgerow.app.screen import wide_console
from hedgerow.app.verdict import status, troubles
from hedgerow.errors import DeskRejected, Failure
from hedgerow.limits import Survey
from hedgerow.reporting.remedies import with_remedy
from hedgerow.units import format_ns, parse_ns

__all__ = [
    "breaches_of",
    "heading_of",
    "lacking",
    "looked_at",
    "moment_ns",
    "opened",
    "show",
    "status_of",
    "surveyed",
]


def show(payload: Any, readable: Any, *, as_json: bool) -> None:
    """Print an answer: one line of JSON, or what a person reads."""
    if as_json:
        sys.stdout.write(json.dumps(payload, sort_keys=True) + "\n")
        return
    wide_console().print(readable, highlight=False, crop=False)


def opened(source: Source, *, flag: str = "--at") -> tuple[Desk, Market, int]:
    """Read a desk and open its market; say at what time to look.

    Raises
    ------
    DeskRejected
        If the time, which was given by the flag, is none.
    """
    desk, market = open_market(source.desk, source.data, source.seed)
    return desk, market, desk.start_ns if source.at is None else moment_ns(source.at, flag)


def moment_ns(written: str, flag: str) -> int:
    """Read a time from a command line.

    Raises
    ------
    DeskRejected
        If it is none.
    """
    try:
        at_ns = parse_ns(written)
        format_ns(at_ns)  # a time that cannot be written cannot be meant
    except (ValueError, OverflowError) as bad:
        raise DeskRejected(f"{flag} {written}: write a time such as 2026-02-05T12:00:00Z") from bad
    return at_ns


def looked_at(desk: Desk, market: Market, at_ns: int) -> Survey:
    """Look at a desk in its market."""
    return look(desk, market.events(), at_ns)


def surveyed(source: Source) -> Survey:
    """Read a desk and look at it."""
    return looked_at(*opened(source))


def heading_of(state: Survey) -> str:
    """Say whose positions these are: none of these commands knows what a run did to them."""
    return (
        f"The opening positions of the desk, in the market of {format_ns(state.snapshot.time_ns)}"
    )


def lacking(state: Survey) -> tuple[Failure, ...]:
    """Give what the value of the desk lacks, so that it is unknown."""
    desk = state.exposures.row("desk")
    return () if isinstance(desk, Failure) else tuple(desk.missing)


def status_of(state: Survey, *, as_json: bool, asked: str | None = None) -> int:
    """Give the exit status of a look: 1, and on stderr the reasons, where there is a breach.

    It is that of the whole desk whatever was asked; `asked` is the account or node to speak of
    first.
    """
    return status(breaches_of(state), is_quiet=as_json, asked=_named(asked))


def breaches_of(state: Survey) -> tuple[str, ...]:
    """Say all that makes a look end with 1, in the words of stderr."""
    why = {
        node.split("/")[-1]: with_remedy(each)
        for node, each in state.distances.items()
        if isinstance(each, Failure)
    }
    told = [with_remedy(each) for each in lacking(state)]
    return troubles(frame(state), why, told)


def _named(node: str | None) -> str | None:
    """Give the account of a node, or the venue or coin of a wider one; None for the desk."""
    if node is None or node == "desk":
        return None
    parts = node.split("/")
    return node if parts[0] == "coin" else parts[:3][-1]
