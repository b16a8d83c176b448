"""What an account would have to hold with some legs more, from what it has to hold now.

Nothing is traded: legs are booked on a copy of the account (`margin.legs`). The report of the
present account is taken as given, and one requirement is computed, not two.
"""

from collections.abc import Mapping, Sequence

from hedgerow.errors import Outcome
from hedgerow.instruments import Instrument
from hedgerow.margin.legs import Leg, with_legs
from hedgerow.margin.records import MarginReport, Rulebook
from hedgerow.margin.venues import require
from hedgerow.market import Snapshot
from hedgerow.portfolio import Account

__all__ = ["what_if"]


def what_if(
    account: Account,
    legs: Sequence[Leg],
    instruments: Mapping[str, Instrument],
    snapshot: Snapshot,
    rulebook: Rulebook,
) -> Outcome[MarginReport]:
    """Give the requirement of the account with the legs added.

    Parameters
    ----------
    account
        As it is now; what it must hold now is asked of `require` and need not be asked again.
    instruments
        Terms by id, of every position held and of every leg.

    Returns
    -------
    MarginReport or Failure
        As `require` gives it, of the account that would be.

    Raises
    ------
    OutOfDomain
        As `with_legs` does.
    """
    return require(with_legs(account, legs, instruments), instruments, snapshot, rulebook)
