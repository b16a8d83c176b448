"""Ask the engine of an account's rulebook what it must hold, and what a liquidator may take."""

from collections.abc import Mapping

from hedgerow.errors import Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.reach import LiquidationReach
from hedgerow.margin.records import MarginReport, Rulebook, unsupported
from hedgerow.margin.venues import ENGINE_OF
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["reach_of", "require"]


def require(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> Outcome[MarginReport]:
    """Give an account's requirement under a rulebook.

    Parameters
    ----------
    instruments
        Terms by id, of every position held.

    Returns
    -------
    MarginReport or Failure
        A Failure as soon as one input is missing or stale, or one position is of a kind the
        rulebook does not cover: a requirement without it would look too small.
    """
    return ENGINE_OF[type(rulebook)].require(account, instruments, snapshot, rulebook)


def reach_of(
    account: Account,
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> Outcome[LiquidationReach | None]:
    """Give what one liquidation may take of a lending account now.

    Parameters
    ----------
    instruments
        Terms by id, of every position held.

    Returns
    -------
    LiquidationReach, None or Failure
        None where the account is not liquidatable. A Failure where its requirement is one, and
        where the venue sells into an order book instead.
    """
    reach = ENGINE_OF[type(rulebook)].reach
    if reach is None:
        return unsupported(account, f"{rulebook.name} liquidates through an order book")
    return reach(account, instruments, snapshot, rulebook)
