"""Ask the engine of an account's rulebook what the account must hold."""

from collections.abc import Mapping

from hedgerow.errors import Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.records import MarginReport, Rulebook
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
        Terms by id, of every position held.

    Returns
    -------
    MarginReport or Failure
        A Failure as soon as one input is missing or stale, or one position is of a kind the
        rulebook does not cover: a requirement without it would look too small.
    """
    return ENGINE_OF[type(rulebook)].require(account, instruments, snapshot, rulebook)
