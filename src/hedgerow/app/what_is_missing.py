"""What to do about an input that is missing, as one desk in one market has it.

A desk file can name a recording or assume a model (`reporting.remedies`). The embedded desk has no
file to write into, so it is told which prices there are; and a rate that only has not settled yet
wants no file, but a later time.
"""

from collections.abc import Callable
from typing import Final

from hedgerow.app.desk import Desk
from hedgerow.app.feed import Market
from hedgerow.errors import Failure
from hedgerow.market import FundingSettlement, Snapshot
from hedgerow.reporting.remedies import with_remedy
from hedgerow.units import DAY_NS, format_ns

__all__ = ["remedies_of"]

# No perpetual settles less often than once a day, and a recording is long.
_SETTLED_WITHIN_NS: Final = DAY_NS


def remedies_of(desk: Desk, market: Market, snapshot: Snapshot) -> Callable[[Failure], str]:
    """Give what says the message of a failure and what to do about it on this desk."""
    settled_ns: dict[str, int] = {}
    is_searched = False

    def said(failure: Failure) -> str:
        nonlocal is_searched
        message = failure.message
        if message.startswith("no funding rate for "):
            if not is_searched:
                settled_ns.update(_next_settlements(desk, market, snapshot.time_ns))
                is_searched = True
            first_ns = settled_ns.get(failure.subject)
            if first_ns is not None:
                first = format_ns(first_ns)
                return f"{message}: none had settled, the next does at {first}; ask with --at then"
        if market.seed is None or failure.reason != "missing_data":
            return with_remedy(failure)
        if message.startswith(("no quote for ", "no option quote for ")):
            return f"{message}; the embedded desk has prices of {_priced(snapshot)}"
        return message

    return said


def _next_settlements(desk: Desk, market: Market, at_ns: int) -> dict[str, int]:
    """Find when each perpetual settles next after a time, as far as the market tells in a day."""
    end_ns = min(at_ns + _SETTLED_WITHIN_NS, desk.end_ns)
    found: dict[str, int] = {}
    for event in market.events():
        if event.time_ns > end_ns:
            break
        if isinstance(event, FundingSettlement) and event.time_ns > at_ns:
            found.setdefault(event.instrument_id, event.time_ns)
    return found


def _priced(snapshot: Snapshot) -> str:
    """Name what a market quotes: futures by name, options by expiry, with the range of strikes."""
    named = sorted(snapshot.quotes)
    strikes: dict[str, list[int]] = {}
    for name in snapshot.options:
        chain, strike, _ = name.rsplit("-", 2)
        strikes.setdefault(chain, []).append(int(strike))
    listed = [
        f"{chain}-STRIKE-C and -P with strikes from {min(of)} to {max(of)}"
        for chain, of in sorted(strikes.items())
    ]
    return ", ".join([*named, *listed]) or "nothing by then"
