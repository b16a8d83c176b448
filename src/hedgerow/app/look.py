"""Look at a desk once, at one time: its survey, for the commands that show and plan."""

from collections.abc import Iterable

import msgspec

from hedgerow.app.desk import Desk
from hedgerow.errors import DeskRejected
from hedgerow.limits import Survey, survey
from hedgerow.margin import rulebooks_at
from hedgerow.market import MarketEvent, MarketState
from hedgerow.portfolio import book
from hedgerow.units import format_ns

__all__ = ["look"]


def look(desk: Desk, events: Iterable[MarketEvent], at_ns: int) -> Survey:
    """Survey the desk's opening accounts in the market as known at `at_ns`.

    Raises
    ------
    DeskRejected
        If the time lies outside the desk's window.
    """
    if not desk.start_ns <= at_ns <= desk.end_ns:
        raise DeskRejected(
            f"--at {format_ns(at_ns)} lies outside the desk's window, "
            f"{format_ns(desk.start_ns)} to {format_ns(desk.end_ns)}"
        )
    state = MarketState(ages=desk.ages, movers=desk.movers, dollars_usd=desk.dollars_usd)
    for event in events:
        if event.time_ns > at_ns:
            break
        state.apply(event)
    accounts = tuple(
        msgspec.structs.replace(account, time_observed_ns=at_ns) for account in desk.accounts
    )
    rulebooks = rulebooks_at(desk.rulebooks, at_ns)
    return survey(book(accounts, desk.instruments), state.freeze(at_ns), rulebooks, desk.limits)
