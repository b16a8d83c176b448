"""Ask the engine of an account's rulebook what the account must hold."""

from collections.abc import Mapping

from hedgerow.errors import Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.records import MarginReport, Rulebook, unsupported
from hedgerow.margin.venues import ENGINE_OF
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["require"]


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
        Terms by id, of every position held and every order that rests.

    Returns
    -------
    MarginReport or Failure
        A Failure as soon as one input is missing or stale, or one position is of a kind the
        rulebook does not cover, or orders rest for which it has no rule: a requirement without
        them would look too small.
    """
    engine = ENGINE_OF[type(rulebook)]
    for order in account.orders:
        if not engine.knows_orders:
            return unsupported(
                account,
                f"{rulebook.name} has no rule for open orders, and one rests in "
                f"{order.instrument_id}; ask worst_fills what they may lead to",
            )
        if order.instrument_id not in instruments:
            return unsupported(account, f"no terms of {order.instrument_id}, in which order rests")
    return engine.require(account, instruments, snapshot, rulebook)
